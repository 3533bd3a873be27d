// JSON's string escapes, both ways.

#include <cstring>

#include "json/scanner.h"
#include "json/token.h"

namespace kasocki {

namespace {

// The code unit of the four hex digits at p, or -1.
int CodeUnit(const char* p) {
  int unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = HexDigit(p[i]);
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

void AppendCodePoint(uint32_t point, std::string* out) {
  const auto tail = [&](int shift) { out->push_back(static_cast<char>(0x80 | (point >> shift & 0x3F))); };
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | point >> 12));
    tail(6);
    tail(0);
  } else {
    out->push_back(static_cast<char>(0xF0 | point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// What `\c` stands for, 0 if it is no escape of two characters.
char ShortEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

const char* FindBadEscape(const char* p, const char* end) {
  while (p < end) {
    if (*p != '\\') {
      p = static_cast<const char*>(std::memchr(p, '\\', static_cast<size_t>(end - p)));
      if (p == nullptr) return nullptr;
    }
    if (end - p >= 2 && ShortEscape(p[1]) != 0) {
      p += 2;
    } else if (end - p >= 6 && p[1] == 'u' && CodeUnit(p + 2) >= 0) {
      p += 6;
    } else {
      return p;
    }
  }
  return nullptr;
}

void UnescapeJsonString(std::string_view text, std::string* out) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end) {
    const void* found = std::memchr(p, '\\', static_cast<size_t>(end - p));
    const char* const backslash = found != nullptr ? static_cast<const char*>(found) : end;
    out->append(p, backslash);
    p = backslash;
    if (end - p < 2) return;
    if (p[1] != 'u') {
      out->push_back(ShortEscape(p[1]));
      p += 2;
      continue;
    }
    if (end - p < 6) return;
    uint32_t point = static_cast<uint32_t>(CodeUnit(p + 2));
    p += 6;
    if (point >= 0xD800 && point < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
      const uint32_t low = static_cast<uint32_t>(CodeUnit(p + 2));
      if (low >= 0xDC00 && low < 0xE000) {
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
      }
    }
    AppendCodePoint(point, out);
  }
}

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  size_t done = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text, done, i - done);
    done = i + 1;
    out->push_back('\\');
    switch (c) {
      case '"':
      case '\\':
        out->push_back(c);
        break;
      case '\b':
        out->push_back('b');
        break;
      case '\f':
        out->push_back('f');
        break;
      case '\n':
        out->push_back('n');
        break;
      case '\r':
        out->push_back('r');
        break;
      case '\t':
        out->push_back('t');
        break;
      default:
        out->append("u00").push_back(kHex[static_cast<unsigned char>(c) >> 4]);
        out->push_back(kHex[c & 0xF]);
    }
  }
  out->append(text, done, std::string_view::npos);
  out->push_back('"');
}

}  // namespace kasocki
