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
  // `scalar` stands in the filter's JSON text; a string is meant literally.
  static Condition Equals(const JsonValue& scalar);
  static Condition Matches(std::string_view pattern, std::unique_ptr<Regex> regex);
  static Condition Among(ScalarSet set);

  // `scanner` is the one whose last scan gave `value`.
  bool Holds(const JsonScanner& scanner, const JsonValue& value) const;

  // Conditions that cost less come first.
  int rank() const;

  void AppendCanonical(std::string* out) const;

 private:
  bool HoldsForArray(const JsonScanner& scanner, const JsonValue& array) const;

  enum class Test { kWord, kNumber, kString, kSet, kRegex };
  Test test_ = Test::kWord;
  JsonKind word_ = JsonKind::kNull;
  double number_ = 0;
  std::string text_;  // the string, the number as it is printed, or the pattern
  ScalarSet set_;
  std::shared_ptr<const Regex> regex_;
};

// Appends `text` in quotes, reversibly.
void AppendQuoted(std::string_view text, std::string* out);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_CONDITION_H_
