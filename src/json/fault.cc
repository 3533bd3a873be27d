#include "json/fault.h"

namespace kasocki {

size_t Utf8SequenceLength(std::string_view text, size_t position) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[position + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() - position < length) return 0;
  // The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF.
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

TextFault FindTextFault(std::string_view text) {
  bool in_string = false;
  size_t opened = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8SequenceLength(text, i);
    if (length == 0) return {"invalid UTF-8", i};
    const char c = text[i];
    if (!in_string) {
      in_string = c == '"';
      opened = i;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      return {"a control character in a string", i};
    } else if (c == '"') {
      in_string = false;
    } else if (c == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) {
      ++i;
    }
    i += length;
  }
  return in_string ? TextFault{"a string without an end", opened} : TextFault{"invalid text", text.size()};
}

}  // namespace kasocki
