// Filter: which messages a client wants, compiled once, evaluated on scanned JSON.
//
// It is written in one of two languages, or as an array of such, all of which must hold.
//
// The object language: `{ 'dotted.path': value }`, every member of which must hold.
//   a string, number, boolean or null   strictly equal
//   '/pattern/'                         a regular expression, on strings, numbers, booleans, or one such element of an array
//   an array of scalars                 a scalar equal to one of them; an array that has all of them among its elements
//
// A missing path never matches; nor does an object. A '/' alone is a literal, '//' the pattern that matches every text.
//
// Expressions: the logical expressions of RFC 9535, `$.price < 10 && !$.user.bot`, with `$` and `@` both the message.
//
// Both become one form: a conjunction of conditions at paths, and of expressions for what is more than that. So it does
// not matter how equal filters were written.
//
//   auto filter = Filter::Compile(R"({"user.bot":false,"wiki":"/^..wiki$/"})", FilterLimits{});
//   PathSet paths;
//   for (const JsonPath& path : filter.value()->paths()) ids.push_back(paths.Add(path));
//   if (scanner.Scan(text, &paths) != JsonVerdict::kInvalid &&
//       filter.value()->Matches(scanner, scanner.values(), ids, &run)) ...
#ifndef KASOCKI_FILTER_FILTER_H_
#define KASOCKI_FILTER_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "filter/condition.h"
#include "filter/filter_run.h"
#include "filter/regex.h"
#include "json/document.h"
#include "json/scanner.h"

namespace kasocki {

// They keep the time of Compile, which runs on Node's main thread, and a filter's memory small whatever a client sends,
// and bound what an evaluation takes. Past max_bytes and regex.max_memory the error is kLimitExceeded, else kInvalidFilter.
struct FilterLimits {
  size_t max_bytes = 65536;       // of a filter's JSON text
  size_t max_paths = 1000;        // of one filter
  size_t max_segments = 1024;     // of one path: no message is nested deeper by default
  size_t max_regexes = 32;        // of one filter
  size_t max_regex_cost = 80000;  // of all of them; Regex::cost says of what
  int64_t max_steps = 100000;     // of all expressions on one message (filter_run.h)
  RegexLimits regex;
};

// Immutable and thread-safe.
class Filter {
 public:
  // `json` is the filter as JSON text: an object, a string, or an array of these. A blank string lets everything pass.
  // An error names the path and the fault; of an expression, it has the position of the fault, as JavaScript counts
  // characters, and of an array the item.
  static Result<std::shared_ptr<const Filter>> Compile(std::string_view json, const FilterLimits& limits);

  // What both let pass; `filter` may be null. The guard is the server's own: its expressions come first and have a budget
  // of their own, so that neither takes steps from the other and it is known whose were too many.
  static std::shared_ptr<const Filter> Guarded(const Filter& guard, const Filter* filter);

  ~Filter();

  // Equal texts mean equal filters: order, repeats and spelling do not count. A key for maps, not JSON.
  const std::string& canonical() const;

  // The paths that Matches wants: first one for each of conditions(), then those of expressions. Some may be equal.
  const std::vector<JsonPath>& paths() const;

  // conditions()[i] is on paths()[i], in order of evaluation. Where one of them does not hold, the filter does not match.
  const std::vector<Condition>& conditions() const;
  // What must hold besides.
  bool has_expressions() const;
  // It does no more than compare scalars: what an evaluation takes is bounded by the filter, whatever the message.
  bool is_cheap() const;
  // How many steps its expressions may take on one message, but for those of a guard.
  int64_t max_steps() const;

  // A member of that name at the top of the message can make a difference: the filter looks at the metadata member.
  bool LooksAt(std::string_view field) const;

  // `values` are the scanner's, of its last scan; `ids[i]` says which of them belongs to paths()[i]. `known` is the
  // condition, if any, that is known to hold. False as well if `run` then says over_budget() or broken_off().
  static constexpr size_t kNoCondition = SIZE_MAX;
  bool Matches(const JsonScanner& scanner, const std::vector<JsonValue>& values, const std::vector<size_t>& ids,
               FilterRun* run, size_t known = kNoCondition) const;

  // The nodes that a filter which is a single query selects, for tests. False: it is none, or took too many steps.
  bool Select(const JsonScanner& scanner, const std::vector<JsonValue>& values, const std::vector<size_t>& ids,
              FilterRun* run, std::vector<JsonNode>* nodes) const;

 private:
  struct Impl;
  explicit Filter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_FILTER_H_
