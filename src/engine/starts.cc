#include "engine/starts.h"

#include <algorithm>

namespace kasocki {
namespace {

// By how much a producer's clock may be behind ours.
constexpr int64_t kClockSkewMs = 60000;

Result<Resolved> ResolveOffset(const Assignment& assignment, const LogBounds& bounds, OffsetReset reset) {
  const int64_t offset = assignment.start.value;
  if (offset == kOffsetEnd) return Resolved{bounds.end};
  if (offset == kOffsetBeginning) return Resolved{bounds.begin};
  if (offset >= bounds.begin && offset <= bounds.end) return Resolved{offset};
  if (reset == OffsetReset::kEarliest) return Resolved{bounds.begin};
  if (reset == OffsetReset::kLatest) return Resolved{bounds.end};
  return Error{ErrorKind::kInvalidAssignment,
               "Offset " + std::to_string(offset) + " of topic " + assignment.topic + " partition " +
                   std::to_string(assignment.partition) + " is not in the log",
               ""};
}

// The log is not, or not any more, the one in which somebody stood there: it ends earlier, or what it holds was written
// under earlier leaders.
bool IsAnotherLog(const Start& resume, const LogBounds& bounds) {
  return resume.value < 0 || resume.value > bounds.end ||
         (bounds.leader_epoch >= 0 && bounds.leader_epoch < resume.mark.leader_epoch);
}

int64_t AtTime(const LogBounds& bounds, std::optional<int64_t> found) {
  return found.value_or(-1) >= 0 ? std::max(*found, bounds.begin) : bounds.end;
}

Resolved ResolveResume(const Start& start, const LogBounds& bounds, std::optional<int64_t> found) {
  if (TimeNeeded(start, bounds)) return {AtTime(bounds, found), false};
  if (IsAnotherLog(start, bounds)) return {bounds.begin, false};
  // What lay between was deleted: all that is left comes later.
  return {std::max(start.value, bounds.begin), start.value >= bounds.begin};
}

}  // namespace

std::optional<int64_t> TimeNeeded(const Start& start, const LogBounds& bounds) {
  if (start.kind == Start::Kind::kTimestamp) return start.value;
  if (start.kind == Start::Kind::kResume && IsAnotherLog(start, bounds) && start.mark.time >= 0) return start.mark.time;
  return std::nullopt;
}

Result<Resolved> Resolve(const Assignment& assignment, const LogBounds& bounds, std::optional<int64_t> found,
                         OffsetReset reset) {
  switch (assignment.start.kind) {
    case Start::Kind::kOffset:
      return ResolveOffset(assignment, bounds, reset);
    case Start::Kind::kTimestamp:
      return Resolved{AtTime(bounds, found)};
    case Start::Kind::kLast:
      return Resolved{std::max(bounds.begin, bounds.end - std::min(assignment.start.value, bounds.end))};
    case Start::Kind::kResume:
      return ResolveResume(assignment.start, bounds, found);
  }
  return Resolved{bounds.end};
}

Bound Resolve(const Until& until, const LogBounds& bounds, std::optional<int64_t> found) {
  switch (until.kind) {
    case Until::Kind::kNever:
      return {};
    case Until::Kind::kOffset:
      return {until.value};
    case Until::Kind::kTimestamp:
      if (found.value_or(-1) >= 0) return {*found};
      return {Bound::kNone, until.value};
    case Until::Kind::kEnd:
      return {bounds.end};
  }
  return {};
}

Mark MarkOf(const Start& start, int64_t now_ms) {
  switch (start.kind) {
    case Start::Kind::kTimestamp:
      return {-1, start.value};
    case Start::Kind::kResume:
      return start.mark;
    case Start::Kind::kOffset:
      if (start.value == kOffsetEnd) return {-1, std::max<int64_t>(0, now_ms - kClockSkewMs)};
      return {};
    case Start::Kind::kLast:
      return {};
  }
  return {};
}

}  // namespace kasocki
