// Condition: what a filter demands of the value at one path.
//
// Immutable after it was made; thread-safe.
#ifndef KASOCKI_FILTER_CONDITION_H_
#define KASOCKI_FILTER_CONDITION_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/filter_run.h"
#include "filter/number.h"
#include "filter/regex.h"
#include "json/scanner.h"

namespace kasocki {

// Scalars that are strictly equal to nothing but themselves, as a set. Sorted arrays rather than hash tables: a client
// can make hash values collide.
class ScalarSet {
 public:
  // Adds a scalar of the filter's JSON text.
  void Add(const JsonValue& scalar);

  // To be called after the last Add. Sorts, drops repeats.
  void Finish();

  const std::vector<std::string>& strings() const { return strings_; }
  const std::vector<double>& numbers() const { return numbers_; }
  const std::vector<JsonKind>& words() const { return words_; }
  size_t size() const { return strings_.size() + numbers_.size() + words_.size(); }

  // The index (below size()) of the member strictly equal to `value`; none for arrays and objects.
  std::optional<size_t> Find(const JsonValue& value) const;

  void AppendCanonical(std::string* out) const;

 private:
  std::vector<std::string> strings_;
  std::vector<double> numbers_;
  std::vector<JsonKind> words_;  // null, false, true
};

// Copies share the compiled pattern.
class Condition {
 public:
  enum class Test { kWord, kNumber, kString, kSet, kRegex };

  // `scalar` stands in the filter's JSON text; a string is meant literally.
  static Condition Equals(const JsonValue& scalar);
  // A null, false or true by its kind, or what belongs to the kind.
  static Condition Equals(JsonKind kind, double number, std::string text);
  static Condition Matches(std::string_view pattern, std::unique_ptr<Regex> regex);
  static Condition Among(ScalarSet set);

  // `scanner` is the one whose last scan gave `value`. False as well if `run` is exhausted by it: searches count.
  bool Holds(const JsonScanner& scanner, const JsonValue& value, FilterRun* run) const;
  // The same for what is no array and stands in any text, if the test is not kRegex.
  bool EqualsScalar(const JsonValue& value) const;

  // Conditions that cost less come first.
  int rank() const;

  // What it is, for an index. Each is of its own test alone, text() of kString.
  Test test() const { return test_; }
  JsonKind word() const { return word_; }
  double number() const { return number_; }
  const std::string& text() const { return text_; }
  const ScalarSet& set() const { return set_; }
  const Regex& regex() const { return *regex_; }

  void AppendCanonical(std::string* out) const;

 private:
  bool HoldsForArray(const JsonScanner& scanner, const JsonValue& array, FilterRun* run) const;

  Test test_ = Test::kWord;
  JsonKind word_ = JsonKind::kNull;
  double number_ = 0;
  std::string text_;  // the string, the number as it is printed, or the pattern
  ScalarSet set_;
  std::shared_ptr<const Regex> regex_;
};

// The characters of a string value: a view of the scanned text, or of `scratch` if there are escapes to resolve.
std::string_view StringText(const JsonValue& value, std::string* scratch);

// Room for what PatternText writes.
struct PatternBuffer {
  std::string unescaped;
  char number[kNumberTextSize];
};

// What a pattern is tested against: the text that JavaScript would print of a string, number or boolean. False for
// anything else, which has no such text. The view lives as long as the buffer and the scanned text.
bool PatternText(const JsonValue& value, PatternBuffer* buffer, std::string_view* text);

// Appends `text` in quotes, reversibly.
void AppendQuoted(std::string_view text, std::string* out);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_CONDITION_H_
