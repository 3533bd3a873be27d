#include "filter/wtf8.h"

namespace kasocki {

namespace {

constexpr size_t kExcerptBytes = 80;

bool IsSurrogate(uint32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

}  // namespace

bool DecodeWtf8(std::string_view text, size_t* at, uint32_t* code_point) {
  static constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};  // by length: what is below it is overlong
  if (*at >= text.size()) return false;
  const auto lead = static_cast<unsigned char>(text[*at]);
  size_t length = 1;
  uint32_t c = lead;
  if (lead >= 0x80) {
    if (lead < 0xC2 || lead > 0xF4) return false;
    length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (text.size() - *at < length) return false;
    c = lead & (0x7F >> length);
    for (size_t i = 1; i < length; i++) {
      const auto byte = static_cast<unsigned char>(text[*at + i]);
      if ((byte & 0xC0) != 0x80) return false;
      c = c << 6 | (byte & 0x3F);
    }
    if (c < kSmallest[length] || c > kMaxCodePoint) return false;
  }
  *code_point = c;
  *at += length;
  return true;
}

bool AppendUtf8(uint32_t code_point, std::string* out) {
  if (IsSurrogate(code_point)) return false;
  const auto tail = [&](int shift) { *out += static_cast<char>(0x80 | (code_point >> shift & 0x3F)); };
  if (code_point < 0x80) {
    *out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    *out += static_cast<char>(0xC0 | code_point >> 6);
    tail(0);
  } else if (code_point < 0x10000) {
    *out += static_cast<char>(0xE0 | code_point >> 12);
    tail(6);
    tail(0);
  } else {
    *out += static_cast<char>(0xF0 | code_point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  return true;
}

std::string Excerpt(std::string_view text) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    if (out.size() >= kExcerptBytes) return out + "...";
    const size_t begin = at;
    uint32_t c = 0;
    if (!DecodeWtf8(text, &at, &c)) {
      at++;
      out += '?';
    } else if (c < 0x20 || (c >= 0x7F && c < 0xA0) || IsSurrogate(c)) {
      out += '?';
    } else {
      out += text.substr(begin, at - begin);
    }
  }
  return out;
}

}  // namespace kasocki
