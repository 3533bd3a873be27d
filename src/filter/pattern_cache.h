// PatternCache: regular expressions that messages brought along, as in match($.text, $.pattern).
#ifndef KASOCKI_FILTER_PATTERN_CACHE_H_
#define KASOCKI_FILTER_PATTERN_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filter/regex.h"

namespace kasocki {

class FilterRun;

// Keeps the patterns used last. Used by one thread.
class PatternCache {
 public:
  static constexpr size_t kMaxPatternBytes = 256;

  // Another evaluation.
  void Begin() { ++evaluation_; }

  // The pattern compiled, null if it is no I-Regexp, too long, or one that RE2 can't do. Valid until the next Get.
  // Charged to `run` once an evaluation whether it was compiled now or long ago: what a filter's evaluation costs must
  // not depend on what came before.
  const Regex* Get(std::string_view pattern, bool whole, FilterRun* run);

 private:
  struct Entry {
    std::string pattern;
    bool whole = false;
    std::unique_ptr<Regex> regex;
    int64_t steps = 0;        // what compiling it costs
    uint64_t charged_to = 0;  // the evaluation
  };

  std::vector<Entry> entries_;  // used last: first
  uint64_t evaluation_ = 0;
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_PATTERN_CACHE_H_
