// Start and Assignment: where a client wants to begin to read a partition, and where that is in its log.
#ifndef KASOCKI_ENGINE_STARTS_H_
#define KASOCKI_ENGINE_STARTS_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "common/result.h"

namespace kasocki {

inline constexpr int32_t kAllPartitions = -1;
inline constexpr int64_t kOffsetEnd = -1;
inline constexpr int64_t kOffsetBeginning = -2;

// What becomes of a first offset that is not in the log.
enum class OffsetReset { kEarliest, kLatest, kError };

// The last record before a position: by it the place is found again where its offset is not valid any more.
struct Mark {
  int32_t leader_epoch = -1;  // -1: unknown
  int64_t time = -1;          // ms since 1970; -1: unknown
};

// A log of the offsets [begin, end), as Kafka told.
struct LogBounds {
  int64_t begin = 0;
  int64_t end = 0;
  int32_t leader_epoch = -1;  // at the end; -1: unknown
};

struct Start {
  enum class Kind {
    kOffset,     // an offset, kOffsetEnd or kOffsetBeginning
    kTimestamp,  // ms since 1970: the first record at or after it; the end, if there is none yet
    kLast,       // so many offsets before the end
    kResume,     // where somebody stood: the offset, if the log still has it, else the mark's time
  };
  Kind kind = Kind::kOffset;
  int64_t value = kOffsetEnd;  // kResume: -1: the offset means nothing here
  Mark mark;                   // of kResume
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

// The time that must be looked up in that log to know where `start` is.
std::optional<int64_t> TimeNeeded(const Start& start, const LogBounds& bounds);

struct Resolved {
  int64_t offset = 0;
  bool exact = true;  // false: more may come than was asked for
};

// Where `start` is in a log; `found`: what Kafka answered about TimeNeeded(). Kafka must have been asked for the time after
// it told the bounds: then what came in between is not missed.
Result<Resolved> Resolve(const Assignment& assignment, const LogBounds& bounds, std::optional<int64_t> found,
                         OffsetReset reset);

// The same of `until`; `found`: about until.time().
Bound Resolve(const Until& until, const LogBounds& bounds, std::optional<int64_t> found);

// What is known of the record before a start. An end's time is that of `now_ms` with some allowance: clocks differ.
Mark MarkOf(const Start& start, int64_t now_ms);

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_STARTS_H_
