// Start and Assignment: where a client wants to begin to read a partition, and where that is in its log.
#ifndef KASOCKI_ENGINE_STARTS_H_
#define KASOCKI_ENGINE_STARTS_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "common/result.h"

namespace kasocki {

inline constexpr int32_t kAllPartitions = -1;
inline constexpr int64_t kOffsetEnd = -1;
inline constexpr int64_t kOffsetBeginning = -2;

// What becomes of a first offset that is not in the log.
enum class OffsetReset { kEarliest, kLatest, kError };

struct Start {
  enum class Kind {
    kOffset,     // an offset, kOffsetEnd or kOffsetBeginning
    kTimestamp,  // ms since 1970: the first record at or after it; the end, if there is none yet
    kLast,       // so many offsets before the end
  };
  Kind kind = Kind::kOffset;
  int64_t value = kOffsetEnd;

  // The time to be looked up, if one is needed.
  std::optional<int64_t> time() const { return kind == Kind::kTimestamp ? std::optional(value) : std::nullopt; }
};

// Where reading ends.
struct Until {
  enum class Kind {
    kNever,
    kOffset,     // before that offset
    kTimestamp,  // ms since 1970: before the first record at or after it
    kEnd,        // at the end as it is now
  };
  Kind kind = Kind::kNever;
  int64_t value = 0;

  std::optional<int64_t> time() const { return kind == Kind::kTimestamp ? std::optional(value) : std::nullopt; }
};

// An Until, as far as it could be resolved: nothing at or after `offset` is read.
struct Bound {
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  int64_t offset = kNone;
  int64_t time = -1;  // >= 0: the first record of that time or later will be the bound; none was there yet
};

struct Assignment {
  std::string topic;
  int32_t partition = kAllPartitions;
  Start start;
  Until until;
};

// Where `start` is in a log of the offsets [begin, end); `found`: what Kafka answered about start.time(). Kafka must have
// been asked for the time after it told the bounds: then what came in between is not missed.
Result<int64_t> Resolve(const Assignment& assignment, std::pair<int64_t, int64_t> bounds, std::optional<int64_t> found,
                        OffsetReset reset);

// The same of `until`; `found`: about until.time().
Bound Resolve(const Until& until, std::pair<int64_t, int64_t> bounds, std::optional<int64_t> found);

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_STARTS_H_
