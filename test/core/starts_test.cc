// Where a start is in a log.
#include "engine/starts.h"

#include <gtest/gtest.h>

namespace kasocki {
namespace {

using Kind = Start::Kind;

// -100: an error.
int64_t At(Kind kind, int64_t value, int64_t begin, int64_t end, std::optional<int64_t> found = std::nullopt,
           OffsetReset reset = OffsetReset::kLatest) {
  Result<Resolved> position = Resolve({"topic", 0, {kind, value, {}}, {}}, {begin, end}, found, reset);
  if (!position.ok()) return -100;
  EXPECT_TRUE(position.value().exact);
  return position.value().offset;
}

// Where it goes on, and whether exactly there. `found`: of the time 77, which is asked for only where it is needed.
std::pair<int64_t, bool> Resumed(const LogBounds& log, int64_t offset, int32_t epoch = -1, int64_t time = 77,
                                 int64_t found = -1) {
  Start start{Kind::kResume, offset, {epoch, time}};
  std::optional<int64_t> needed = TimeNeeded(start, log);
  EXPECT_EQ(needed.value_or(77), 77);
  Result<Resolved> position =
      Resolve({"topic", 0, start, {}}, log, needed ? std::optional(found) : std::nullopt, OffsetReset::kError);
  return {position.value().offset, position.value().exact};
}

TEST(Starts, OffsetsThatAreNotInTheLogGoByTheReset) {
  EXPECT_EQ(At(Kind::kOffset, kOffsetEnd, 5, 10), 10);
  EXPECT_EQ(At(Kind::kOffset, kOffsetBeginning, 5, 10), 5);
  for (int64_t offset : {5, 7, 10}) EXPECT_EQ(At(Kind::kOffset, offset, 5, 10), offset);
  for (int64_t offset : {int64_t{0}, int64_t{4}, int64_t{11}, (int64_t{1} << 53) - 1}) {
    EXPECT_EQ(At(Kind::kOffset, offset, 5, 10, {}, OffsetReset::kLatest), 10);
    EXPECT_EQ(At(Kind::kOffset, offset, 5, 10, {}, OffsetReset::kEarliest), 5);
    EXPECT_EQ(At(Kind::kOffset, offset, 5, 10, {}, OffsetReset::kError), -100);
  }
  EXPECT_EQ(At(Kind::kOffset, 0, 0, 0), 0);
}

TEST(Starts, ATimeIsTheOffsetThatKafkaFoundElseTheEnd) {
  EXPECT_EQ(At(Kind::kTimestamp, 1, 5, 10, 7), 7);
  EXPECT_EQ(At(Kind::kTimestamp, 1, 5, 10, -1), 10);
  // It came after the bounds were asked for.
  EXPECT_EQ(At(Kind::kTimestamp, 1, 5, 10, 12), 12);
  // It was deleted meanwhile.
  EXPECT_EQ(At(Kind::kTimestamp, 1, 5, 10, 3), 5);
}

TEST(Starts, WhereSomebodyStoodIsExactWhileTheLogHasIt) {
  for (int64_t offset : {5, 7, 10}) EXPECT_EQ(Resumed({5, 10, 3}, offset, 3), std::pair(offset, true));
  // Later leaders, and epochs that are not known, say nothing against it.
  EXPECT_EQ(Resumed({5, 10, 4}, 7, 3), std::pair(int64_t{7}, true));
  EXPECT_EQ(Resumed({5, 10, -1}, 7, 3), std::pair(int64_t{7}, true));
  EXPECT_EQ(Resumed({5, 10, 4}, 7, -1), std::pair(int64_t{7}, true));
  EXPECT_EQ(TimeNeeded({Kind::kResume, 7, {3, 77}}, {5, 10, 3}), std::nullopt);
}

TEST(Starts, WhatWasDeletedIsPassedFromTheBeginning) {
  EXPECT_EQ(Resumed({5, 10, 3}, 4, 3), std::pair(int64_t{5}, false));
  EXPECT_EQ(Resumed({5, 10, 3}, 0, 3), std::pair(int64_t{5}, false));
  // By its time something younger could be found, and what lies before it would be missed.
  EXPECT_EQ(TimeNeeded({Kind::kResume, 4, {3, 77}}, {5, 10, 3}), std::nullopt);
}

TEST(Starts, InAnotherLogTheTimeDecides) {
  // Shorter; written under earlier leaders; known to be another one.
  const std::pair<int64_t, int32_t> cases[] = {{11, 3}, {7, 9}, {-1, 3}};
  for (auto [offset, epoch] : cases) {
    EXPECT_EQ(Resumed({5, 10, 3}, offset, epoch, 77, 8), std::pair(int64_t{8}, false));
    EXPECT_EQ(Resumed({5, 10, 3}, offset, epoch, 77, 2), std::pair(int64_t{5}, false));
    // Nothing is as young.
    EXPECT_EQ(Resumed({5, 10, 3}, offset, epoch, 77, -1), std::pair(int64_t{10}, false));
    // Without a time everything may be new.
    EXPECT_EQ(Resumed({5, 10, 3}, offset, epoch, -1), std::pair(int64_t{5}, false));
  }
}

TEST(Starts, TheEndIsRememberedByTheClockWithAnAllowance) {
  EXPECT_EQ(MarkOf({Kind::kOffset, kOffsetEnd, {}}, 1000000).time, 940000);
  EXPECT_EQ(MarkOf({Kind::kOffset, kOffsetEnd, {}}, 5).time, 0);
  EXPECT_EQ(MarkOf({Kind::kOffset, kOffsetBeginning, {}}, 1000000).time, -1);
  EXPECT_EQ(MarkOf({Kind::kOffset, 7, {}}, 1000000).time, -1);
  EXPECT_EQ(MarkOf({Kind::kLast, 7, {}}, 1000000).time, -1);
  EXPECT_EQ(MarkOf({Kind::kTimestamp, 7, {}}, 1000000).time, 7);
  EXPECT_EQ(MarkOf({Kind::kResume, 7, {3, 77}}, 1000000).time, 77);
}

TEST(Starts, LastGoesBackToTheBeginningAtMost) {
  EXPECT_EQ(At(Kind::kLast, 0, 5, 10), 10);
  EXPECT_EQ(At(Kind::kLast, 3, 5, 10), 7);
  EXPECT_EQ(At(Kind::kLast, 5, 5, 10), 5);
  EXPECT_EQ(At(Kind::kLast, 1000000000, 5, 10), 5);
  EXPECT_EQ(At(Kind::kLast, (int64_t{1} << 53) - 1, 0, 0), 0);
}

TEST(Starts, ABoundIsAnOffsetOrATimeThatIsStillToCome) {
  using End = Until::Kind;
  auto bound = [](Until until, std::optional<int64_t> found = std::nullopt) {
    Bound resolved = Resolve(until, LogBounds{5, 10}, found);
    return std::pair(resolved.offset, resolved.time);
  };
  constexpr int64_t kNone = Bound::kNone;
  EXPECT_EQ(bound({End::kNever, 0}), std::pair(kNone, int64_t{-1}));
  EXPECT_EQ(bound({End::kEnd, 0}), std::pair(int64_t{10}, int64_t{-1}));
  EXPECT_EQ(bound({End::kOffset, 3}), std::pair(int64_t{3}, int64_t{-1}));
  EXPECT_EQ(bound({End::kOffset, 100}), std::pair(int64_t{100}, int64_t{-1}));
  EXPECT_EQ(bound({End::kTimestamp, 77}, 8), std::pair(int64_t{8}, int64_t{-1}));
  EXPECT_EQ(bound({End::kTimestamp, 77}, -1), std::pair(kNone, int64_t{77}));
}

}  // namespace
}  // namespace kasocki
