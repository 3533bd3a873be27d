// Literals: texts of which one must stand in every text that a regular expression matches.
//
// Built along with the parsing of a pattern, part by part. What it says is necessary, not sufficient: an index finds by
// it the few patterns that are worth a search. All texts are in lower case as far as ASCII goes, so that one spelling
// stands for every case; a text is looked for in the lower case of the other.
//
//   gr(e|a)y fish   {"grey fish", "gray fish"}
//   \d+ (cat|dog)s  {" cats", " dogs"}
//   [a-z]+          nothing is known
#ifndef KASOCKI_FILTER_LITERALS_H_
#define KASOCKI_FILTER_LITERALS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kasocki {

// What is known of the texts that one part of a pattern matches. A value; one thread.
class Literals {
 public:
  // Of a part that matches nothing but the empty text.
  Literals() : run_(1) {}

  // Of a part that matches anything.
  static Literals Unknown();

  // Of a part that matches exactly these (in lower case).
  static Literals OneOf(std::vector<std::string> texts);

  // Of one character, in any case or as it is.
  static Literals Character(uint32_t code_point, bool ignore_case);

  // Followed by `next`.
  void Append(const Literals& next);

  // Or else `other`.
  void Alternate(const Literals& other);

  // Repeated.
  void Repeat(uint32_t min, uint32_t max);

  // One of them stands in every match; empty: nothing is known.
  std::vector<std::string> Required() const;

 private:
  void Consider(const std::vector<std::string>& texts);
  bool AppendRun(const std::vector<std::string>& next);
  void EndRun();

  bool exact_ = true;                  // run_ is all that the part matches
  std::vector<std::string> run_;       // what its end, or all of it, is exactly
  std::vector<std::string> required_;  // the best that was met before that
};

// `text` in lower case as far as ASCII goes.
void FoldAscii(const char* text, size_t size, char* out);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_LITERALS_H_
