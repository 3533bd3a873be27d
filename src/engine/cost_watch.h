// CostWatch: which filter classes take so long on a chunk that others would have to wait for them.
//
// Time is measured on some records of a chunk, because measuring takes time as well, and only of filters that can take
// long. A class's longest measurement does not count: the thread may have been interrupted in it. That a single
// evaluation gets out of hand is not for this to prevent, but for the steps that it may take (FilterRun).
#ifndef KASOCKI_ENGINE_COST_WATCH_H_
#define KASOCKI_ENGINE_COST_WATCH_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace kasocki {

// What a class's filter may take on one chunk. To find and to check a full chunk's records takes about half of it.
inline constexpr std::chrono::nanoseconds kLongForAChunk = std::chrono::milliseconds(1);

// One thread.
class CostWatch {
 public:
  // A chunk of so many records.
  void Begin(size_t records) {
    interval_ = std::clamp<size_t>(records / kSamples, 1, kLongestInterval);
    // Not always the same records: who writes them might know.
    offset_ = (offset_ + 7) % interval_;
    costs_.clear();
  }

  // This record is to be measured.
  bool Samples(size_t record) const { return record % interval_ == offset_; }

  // What a class took on a record. True: it takes too long.
  bool Add(size_t place, uint64_t nanoseconds) {
    Cost& cost = costs_[place];
    cost.sum += nanoseconds;
    cost.longest = std::max(cost.longest, nanoseconds);
    return (cost.sum - cost.longest) * interval_ > static_cast<uint64_t>(kLongForAChunk.count());
  }

 private:
  static constexpr size_t kSamples = 32;
  static constexpr size_t kLongestInterval = 16;

  struct Cost {
    uint64_t sum = 0;
    uint64_t longest = 0;
  };
  size_t interval_ = 1;
  size_t offset_ = 0;
  std::unordered_map<size_t, Cost> costs_;  // by the class's place
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_COST_WATCH_H_
