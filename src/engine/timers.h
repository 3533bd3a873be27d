// Timers: what the worker is to do later.
#ifndef KASOCKI_ENGINE_TIMERS_H_
#define KASOCKI_ENGINE_TIMERS_H_

#include <functional>
#include <map>
#include <utility>

#include "engine/cursor.h"

namespace kasocki {

// Used by the worker alone.
class Timers {
 public:
  void At(Clock::time_point when, std::function<void()> what) { timers_.emplace(when, std::move(what)); }

  // When Run must be called next; `otherwise` if there is nothing to do before.
  Clock::time_point Next(Clock::time_point otherwise) const {
    return timers_.empty() ? otherwise : std::min(otherwise, timers_.begin()->first);
  }
  void Run(Clock::time_point now) {
    while (!timers_.empty() && timers_.begin()->first <= now) {
      auto what = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      what();
    }
  }

 private:
  std::multimap<Clock::time_point, std::function<void()>> timers_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_TIMERS_H_
