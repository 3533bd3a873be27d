#include "filter/pattern_reader.h"

#include "filter/wtf8.h"

namespace kasocki {

namespace {

constexpr uint32_t kLargeNumber = 1'000'000;

int HexValue(char c) {
  if (IsAsciiDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool PatternReader::Skip(std::string_view text) {
  if (!LookingAt(text)) return false;
  at_ += text.size();
  return true;
}

bool PatternReader::Fail(size_t at, const std::string& what) {
  if (!error_.empty()) return false;
  size_t characters = 1;
  uint32_t ignored = 0;
  for (size_t i = 0; i < at && DecodeWtf8(in_, &i, &ignored);) characters++;
  error_ = what + ", at character " + std::to_string(characters);
  return false;
}

bool PatternReader::Braces(uint32_t* min, uint32_t* max) {
  size_t i = at_ + 1;
  const auto number = [&](uint32_t* value) {
    const size_t first = i;
    *value = 0;
    for (; i < in_.size() && IsAsciiDigit(in_[i]); i++) {
      if (*value < kLargeNumber) *value = *value * 10 + static_cast<uint32_t>(in_[i] - '0');
    }
    return i > first;
  };
  if (!number(min)) return false;
  *max = *min;
  if (i < in_.size() && in_[i] == ',') {
    i++;
    if (!number(max)) *max = UINT32_MAX;
  }
  if (i >= in_.size() || in_[i] != '}') return false;
  at_ = i + 1;
  return true;
}

bool PatternReader::Literal(uint32_t* c) { return DecodeWtf8(in_, &at_, c) || Fail(at_, "not UTF-8"); }

bool PatternReader::Hex(size_t digits, uint32_t* value) {
  *value = 0;
  for (size_t i = 0; i < digits; i++) {
    const int digit = HexValue(Peek(i));
    if (digit < 0) return false;
    *value = *value * 16 + static_cast<uint32_t>(digit);
  }
  at_ += digits;
  return true;
}

bool PatternReader::CharacterEscape(bool in_class, uint32_t* c) {
  const size_t begin = at_ - 1;
  const char kind = Peek();
  if (kind >= '0' && kind <= '7') {
    // Annex B's octal escape: up to three digits, at most 0377. \0 is the one of them that everybody has.
    *c = 0;
    for (int i = 0; i < 3 && Peek() >= '0' && Peek() <= '7' && *c * 8 + static_cast<uint32_t>(Peek() - '0') <= 0xFF;
         i++) {
      *c = *c * 8 + static_cast<uint32_t>(in_[at_++] - '0');
    }
    return true;
  }
  if (!DecodeWtf8(in_, &at_, c)) return Fail(begin, "not UTF-8");
  switch (kind) {
    case 't':
      *c = '\t';
      break;
    case 'n':
      *c = '\n';
      break;
    case 'v':
      *c = '\v';
      break;
    case 'f':
      *c = '\f';
      break;
    case 'r':
      *c = '\r';
      break;
    case 'c':
      if (IsAsciiLetter(Peek()) || (in_class && (IsAsciiDigit(Peek()) || Peek() == '_'))) {
        *c = static_cast<uint32_t>(in_[at_++]) & 31;
      } else {
        *c = '\\';  // Annex B: the backslash itself; the c comes next
        at_--;
      }
      break;
    case 'x': {
      uint32_t value = 0;
      if (Hex(2, &value)) *c = value;
      break;
    }
    case 'u':
      return UnicodeEscape(begin, c);
    default:  // the character itself
      break;
  }
  return true;
}

bool PatternReader::UnicodeEscape(size_t begin, uint32_t* c) {
  uint32_t value = 0;
  if (Peek() == '{') {
    const size_t end = in_.find_first_not_of("0123456789abcdefABCDEF", at_ + 1);
    if (end == std::string_view::npos || end == at_ + 1 || in_[end] != '}') return true;
    for (size_t i = at_ + 1; i < end && value <= kMaxCodePoint; i++) {
      value = value * 16 + static_cast<uint32_t>(HexValue(in_[i]));
    }
    if (value > kMaxCodePoint) return Fail(begin, "there is no code point beyond 10FFFF");
    at_ = end + 1;
    *c = value;
    return true;
  }
  if (!Hex(4, &value)) return true;
  *c = value;
  if (value < 0xD800 || value > 0xDBFF) return true;
  const size_t behind = at_;
  uint32_t low = 0;
  if (Skip("\\u") && Hex(4, &low) && low >= 0xDC00 && low <= 0xDFFF) {
    *c = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
  } else {
    at_ = behind;
  }
  return true;
}

}  // namespace kasocki
