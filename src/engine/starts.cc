#include "engine/starts.h"

#include <algorithm>

namespace kasocki {
namespace {

Result<int64_t> ResolveOffset(const Assignment& assignment, int64_t begin, int64_t end, OffsetReset reset) {
  const int64_t offset = assignment.start.value;
  if (offset == kOffsetEnd) return end;
  if (offset == kOffsetBeginning) return begin;
  if (offset >= begin && offset <= end) return offset;
  if (reset == OffsetReset::kEarliest) return begin;
  if (reset == OffsetReset::kLatest) return end;
  return Error{ErrorKind::kInvalidAssignment,
               "Offset " + std::to_string(offset) + " of topic " + assignment.topic + " partition " +
                   std::to_string(assignment.partition) + " is not in the log",
               ""};
}

}  // namespace

Result<int64_t> Resolve(const Assignment& assignment, std::pair<int64_t, int64_t> bounds, std::optional<int64_t> found,
                        OffsetReset reset) {
  auto [begin, end] = bounds;
  switch (assignment.start.kind) {
    case Start::Kind::kOffset:
      return ResolveOffset(assignment, begin, end, reset);
    case Start::Kind::kTimestamp:
      return found.value_or(-1) >= 0 ? std::max(*found, begin) : end;
    case Start::Kind::kLast:
      return std::max(begin, end - std::min(assignment.start.value, end));
  }
  return end;
}

Bound Resolve(const Until& until, std::pair<int64_t, int64_t> bounds, std::optional<int64_t> found) {
  switch (until.kind) {
    case Until::Kind::kNever:
      return {};
    case Until::Kind::kOffset:
      return {until.value};
    case Until::Kind::kTimestamp:
      if (found.value_or(-1) >= 0) return {*found};
      return {Bound::kNone, until.value};
    case Until::Kind::kEnd:
      return {bounds.second};
  }
  return {};
}

}  // namespace kasocki
