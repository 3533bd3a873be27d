// CharClass: the set of code points that a character class or class escape stands for, written for RE2.
//
// A value for the parsers of js_regex.cc and iregexp.cc; one thread.
#ifndef KASOCKI_FILTER_CHAR_CLASS_H_
#define KASOCKI_FILTER_CHAR_CLASS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filter/literals.h"
#include "filter/unicode_ranges.h"

namespace kasocki {

class CharClass {
 public:
  void Add(uint32_t first, uint32_t last);

  // \d \D \s \S \w \W with JavaScript's meaning. Ignoring case, \w has the two letters more that fold to ASCII ones.
  // False if `escape` is none of them.
  bool AddEscape(char escape, bool ignore_case);

  // \p{name} or \P{name}. Returns what is wrong with it, or an empty text.
  std::string AddProperty(std::string_view name, bool negated, bool ignore_case);

  // \p{name} or \P{name} with a general category's short name, as I-Regexp has them: C, and Cn for what no character was
  // assigned to, are among them, which RE2 lacks. False: there is no such category.
  bool AddCategory(std::string_view name, bool negated);

  // Appends the class, or with `negated` its complement, in RE2's syntax: one atom. Sorts the ranges.
  void AppendTo(bool negated, std::string* out);

  // Its members as texts, if they are few. Valid after AppendTo.
  Literals AsLiterals(bool ignore_case) const;

  // What RE2 takes to compile it, in about half microseconds. Valid after AppendTo.
  size_t Cost(bool ignore_case) const;

 private:
  using Range = CodePointRange;
  void AddComplement(const Range* ranges, size_t count);
  void Normalize();

  std::vector<Range> ranges_;
  std::string properties_;  // as they stand in RE2's class: `\p{Greek}\P{L}`
  size_t property_count_ = 0;
};

// Appends one literal code point in RE2's syntax, in a class or outside.
void AppendRe2Literal(uint32_t code_point, std::string* out);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_CHAR_CLASS_H_
