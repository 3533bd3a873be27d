// FilterRun: what evaluations of filters on one thread have in common: how much they may cost, what the last one did
// cost, and patterns that were compiled on the way.
//
// Cost is counted in steps, so that the same filter and record give the same answer on every machine, however busy it
// is. A step is about ten nanoseconds:
//
//   a node of the message looked at                        1
//   bytes compared, or unescaped                           1 + one for 16
//   a regular expression searched                          1 + one for 64 of: bytes of the text times instructions
//   a pattern of the message compiled                      100 for a microsecond (an estimate)
#ifndef KASOCKI_FILTER_FILTER_RUN_H_
#define KASOCKI_FILTER_FILTER_RUN_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "filter/pattern_cache.h"

namespace kasocki {

inline constexpr size_t kBytesPerStep = 16;
inline constexpr size_t kRegexWorkPerStep = 64;
inline constexpr int64_t kStepsPerRegexCost = 50;  // of Regex::cost, half microseconds

// Used by one thread, one evaluation after the other.
class FilterRun {
 public:
  // Evaluations are broken off after so many steps, whatever their filter allows itself.
  void set_patience(int64_t steps) { patience_ = steps; }

  // --- About the last evaluation.

  // It reached a limit of the filter's: the record does not match.
  bool over_budget() const { return over_budget_; }
  // That of what the server put in front of it (Filter::Guarded).
  bool guard_over_budget() const { return over_budget_ && of_guard_; }
  // It reached `patience` before that: nothing is known.
  bool broken_off() const { return broken_off_; }
  int64_t steps() const { return patience_ - reserve_ - left_; }

  // --- For filters.

  void Begin() {
    left_ = patience_;
    reserve_ = 0;
    over_budget_ = broken_off_ = within_budget_ = of_guard_ = false;
    patterns_.Begin();
  }
  // From here on this limit counts. What another one has left is not added to it.
  void EnterBudget(int64_t budget, bool of_guard = false) {
    left_ += reserve_;
    of_guard_ = of_guard;
    within_budget_ = budget <= left_;
    reserve_ = within_budget_ ? left_ - budget : 0;
    left_ -= reserve_;
  }
  // False: that was too much, and so is everything after it.
  bool Spend(int64_t steps) {
    left_ -= steps;
    if (left_ >= 0) return true;
    (within_budget_ ? over_budget_ : broken_off_) = true;
    return false;
  }
  bool SpendBytes(size_t bytes) { return Spend(1 + static_cast<int64_t>(bytes / kBytesPerStep)); }
  bool exhausted() const { return left_ < 0; }
  PatternCache& patterns() { return patterns_; }

 private:
  int64_t patience_ = std::numeric_limits<int64_t>::max();
  int64_t left_ = 0;     // until something ends the evaluation
  int64_t reserve_ = 0;  // of patience, beyond the filter's limit
  bool within_budget_ = false;
  bool of_guard_ = false;
  bool over_budget_ = false;
  bool broken_off_ = false;
  PatternCache patterns_;
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_FILTER_RUN_H_
