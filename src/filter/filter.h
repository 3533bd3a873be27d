// Filter: which messages a client wants, compiled once, evaluated on scanned JSON.
//
// The object language: `{ 'dotted.path': value }`, every member of which must hold.
//   a string, number, boolean or null   strictly equal
//   '/pattern/'                         a regular expression, on strings, numbers, booleans, or one such element of an array
//   an array of scalars                 a scalar equal to one of them; an array that has all of them among its elements
//
// A missing path never matches; nor does an object. A '/' alone is a literal, '//' the pattern that matches every text.
//
//   auto filter = Filter::Compile(R"({"user.bot":false,"wiki":"/^..wiki$/"})", FilterLimits{});
//   PathSet paths;
//   for (const JsonPath& path : filter.value()->paths()) ids.push_back(paths.Add(path));
//   if (scanner.Scan(text, &paths) != JsonVerdict::kInvalid && filter.value()->Matches(scanner, scanner.values(), ids))
//   ...
#ifndef KASOCKI_FILTER_FILTER_H_
#define KASOCKI_FILTER_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "filter/regex.h"
#include "json/scanner.h"

namespace kasocki {

class Condition;

// They keep the time of Compile, which runs on Node's main thread, and a filter's memory small whatever a client sends.
struct FilterLimits {
  size_t max_bytes = 65536;       // of a filter's JSON text
  size_t max_paths = 1000;        // of one filter
  size_t max_segments = 1024;     // of one path: no message is nested deeper by default
  size_t max_regexes = 32;        // of one filter
  size_t max_regex_cost = 80000;  // of all of them; Regex::cost says of what
  RegexLimits regex;
};

// Immutable and thread-safe.
class Filter {
 public:
  // `json` is the filter as JSON text. An error is of kind kInvalidFilter and names the path and the fault; of
  // kind kLimitExceeded where the text or a pattern is too large.
  static Result<std::shared_ptr<const Filter>> Compile(std::string_view json, const FilterLimits& limits);

  // All that both let pass. One of them may be null: every message.
  static std::shared_ptr<const Filter> Both(std::shared_ptr<const Filter> one, std::shared_ptr<const Filter> other);

  ~Filter();

  // Equal texts mean equal filters: order of members and array items, repeats of items and spelling of numbers and
  // strings do not count. A key for maps, not JSON.
  const std::string& canonical() const;

  // The paths that Matches wants.
  const std::vector<JsonPath>& paths() const;

  // conditions()[i] is on paths()[i]. Where one of them does not hold, the filter does not match.
  const std::vector<Condition>& conditions() const;

  // True if a path's first segment is `field`: the filter looks at the metadata member.
  bool LooksAt(std::string_view field) const;

  // `values` are the scanner's, of its last scan; `ids[i]` says which of them belongs to paths()[i]. `known` is the
  // condition, if any, that is known to hold.
  static constexpr size_t kNoCondition = SIZE_MAX;
  bool Matches(const JsonScanner& scanner, const std::vector<JsonValue>& values, const std::vector<size_t>& ids,
               size_t known = kNoCondition) const;

 private:
  struct Impl;
  explicit Filter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_FILTER_H_
