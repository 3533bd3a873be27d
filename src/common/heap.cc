#include "common/heap.h"

#include <atomic>
#include <chrono>
#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace kasocki {

bool ReleaseFreedMemory() {
  using Clock = std::chrono::steady_clock;
  constexpr Clock::duration kEvery = std::chrono::seconds(10);
  static std::atomic<Clock::rep> due{0};
  const Clock::rep now = Clock::now().time_since_epoch().count();
  Clock::rep when = due.load();
  if (now < when || !due.compare_exchange_strong(when, now + kEvery.count())) return false;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return true;
}

}  // namespace kasocki
