// Where a start is in a log.
#include "engine/starts.h"

#include <gtest/gtest.h>

namespace kasocki {
namespace {

using Kind = Start::Kind;

// -100: an error.
int64_t At(Kind kind, int64_t value, int64_t begin, int64_t end, std::optional<int64_t> found = std::nullopt,
           OffsetReset reset = OffsetReset::kLatest) {
  Result<int64_t> position = Resolve({"topic", 0, {kind, value}, {}}, {begin, end}, found, reset);
  return position.ok() ? position.value() : -100;
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
    Bound resolved = Resolve(until, {5, 10}, found);
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
