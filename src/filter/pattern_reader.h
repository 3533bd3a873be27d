// PatternReader: reads the parts of a JavaScript pattern that have no parts themselves, and notes the first fault.
//
// The base of js_regex.cc's parser; one thread. What it reads must outlive it.
#ifndef KASOCKI_FILTER_PATTERN_READER_H_
#define KASOCKI_FILTER_PATTERN_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kasocki {

inline bool IsAsciiDigit(char c) { return c >= '0' && c <= '9'; }
inline bool IsAsciiLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

class PatternReader {
 protected:
  explicit PatternReader(std::string_view pattern) : in_(pattern) {}

  bool AtEnd() const { return at_ >= in_.size(); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  bool LookingAt(std::string_view text) const { return in_.substr(at_, text.size()) == text; }
  // Moves behind `text` if it comes next.
  bool Skip(std::string_view text);

  // Notes the first fault, with its place counted in characters from 1. Gives false for `return Fail(...)`.
  bool Fail(size_t at, const std::string& what);

  // {n}, {n,} or {n,m}: moves behind it. Else false, and nothing moved. `max` is UINT32_MAX where there is none.
  // Numbers too large for anything are read as some large number.
  bool Braces(uint32_t* min, uint32_t* max);

  // A character as it stands.
  bool Literal(uint32_t* c);

  // Behind a backslash: an escape for one character.
  bool CharacterEscape(bool in_class, uint32_t* c);

  const std::string_view in_;
  size_t at_ = 0;
  std::string error_;  // empty: none

 private:
  // `digits` hexadecimal digits from at_ on: moves behind them, else false.
  bool Hex(size_t digits, uint32_t* value);

  // Behind `\u`. *c is 'u' and stays so if no digits follow, as Annex B has it.
  bool UnicodeEscape(size_t begin, uint32_t* c);
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_PATTERN_READER_H_
