// The grammar of single JSON tokens.
#ifndef KASOCKI_JSON_TOKEN_H_
#define KASOCKI_JSON_TOKEN_H_

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "json/scanner.h"

namespace kasocki {

inline bool IsJsonSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// Behind the digits that start at p, at `end` at the latest. Eight at a time, because the number of digits is what a
// processor cannot guess: a loop digit by digit costs a wrong branch for nearly every number.
inline const char* SkipDigits(const char* p, const char* end) {
  if constexpr (std::endian::native == std::endian::little) {
    while (end - p >= 8) {
      uint64_t word;
      std::memcpy(&word, p, sizeof(word));
      word ^= 0x3030303030303030;  // a digit is now 0 to 9, anything else is more
      // The high bit of a byte is set if it is above 9. A carry can only spoil bytes behind the first such byte.
      const uint64_t others = (word | (word + 0x7676767676767676)) & 0x8080808080808080;
      if (others != 0) return p + (std::countr_zero(others) >> 3);
      p += 8;
    }
  }
  while (p < end && IsDigit(*p)) ++p;
  return p;
}

// Behind the number that starts at p, or null if there is none. Reads [p, end) only.
inline const char* SkipNumber(const char* p, const char* end) {
  if (p < end && *p == '-') ++p;
  const char* digits = p;
  p = SkipDigits(p, end);
  if (p == digits || (*digits == '0' && p - digits > 1)) return nullptr;
  if (p < end && *p == '.') {
    digits = ++p;
    p = SkipDigits(p, end);
    if (p == digits) return nullptr;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p < end && (*p == '+' || *p == '-')) ++p;
    digits = p;
    p = SkipDigits(p, end);
    if (p == digits) return nullptr;
  }
  return p;
}

// Behind the literal that starts at p, or null if there is none. Reads four bytes from p + 1, which may lie behind the
// text: the caller looks whether the literal ends inside of it.
inline const char* SkipLiteral(const char* p) {
  if (std::memcmp(p, "true", 4) == 0 || std::memcmp(p, "null", 4) == 0) return p + 4;
  return *p == 'f' && std::memcmp(p + 1, "alse", 4) == 0 ? p + 5 : nullptr;
}

// The end of the number or literal that begins with `first` at `begin`, or null. It must reach to the token at `next`,
// or to white space.
inline const char* ScalarEnd(const char* begin, const char* next, const char* text_end, char first) {
  const char* const end = IsDigit(first) || first == '-' ? SkipNumber(begin, text_end) : SkipLiteral(begin);
  return end != nullptr && (end == next || (end < next && IsJsonSpace(*end))) ? end : nullptr;
}

// The closing quote of a string. Between it and the token at `next` stands white space alone.
inline const char* ClosingQuote(const char* next) {
  do {
    --next;
  } while (*next != '"');
  return next;
}

// What kind of value a first byte begins. A table, because a switch would be a jump that a processor cannot guess.
inline constexpr std::array<JsonKind, 256> kJsonKinds = [] {
  std::array<JsonKind, 256> kinds{};
  kinds.fill(JsonKind::kNumber);
  kinds['{'] = JsonKind::kObject;
  kinds['['] = JsonKind::kArray;
  kinds['"'] = JsonKind::kString;
  kinds['t'] = JsonKind::kTrue;
  kinds['f'] = JsonKind::kFalse;
  kinds['n'] = JsonKind::kNull;
  return kinds;
}();

inline JsonKind KindOf(char first) { return kJsonKinds[static_cast<unsigned char>(first)]; }

inline bool IsOpener(char c) { return c == '{' || c == '['; }

inline char CloserOf(char opener) { return opener == '{' ? '}' : ']'; }

inline int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Null if every backslash in [p, end) begins an escape sequence that JSON knows, else the first that does not.
const char* FindBadEscape(const char* p, const char* end);

}  // namespace kasocki

#endif  // KASOCKI_JSON_TOKEN_H_
