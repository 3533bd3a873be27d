// Cursors with a bound: nothing at or after it is delivered, and an end follows the last message.
#include <gtest/gtest.h>

#include "fake_log.h"

namespace kasocki {
namespace {

using std::chrono::milliseconds;
using Strings = std::vector<std::string>;

std::string Value(int64_t n) {
  return "{\"n\":" + std::to_string(n) + ",\"even\":" + (n % 2 == 0 ? "true" : "false") + "}";
}

void Fill(FakeLog* log, int64_t count) {
  for (int64_t i = 0; i < count; ++i) log->Append(Value(log->end));
}

constexpr size_t kCredit = 64 * 1024;

TEST(Until, NothingAtOrAfterTheBoundIsDelivered) {
  for (int64_t until : {1, 499, 500, 501, 1500, 2999, 3000}) {
    FakeHub hub;
    Fill(&hub.log, 3000);
    FakeSocket socket(&hub, 1, 0, "", kCredit, {until});
    socket.Start();
    socket.Drain();
    EXPECT_EQ(socket.offsets, Range(0, until));
    EXPECT_EQ(socket.notices, (Strings{std::to_string(until) + " end at " + std::to_string(until)}));
    Fill(&hub.log, 10);
    socket.Drain();
    EXPECT_EQ(socket.offsets.size(), static_cast<size_t>(until));
    EXPECT_EQ(socket.notices.size(), 1u);
  }
}

TEST(Until, ABoundBehindTheStartEndsAtOnceWithoutAStart) {
  FakeHub hub;
  Fill(&hub.log, 10);
  for (int64_t until : {0, 3, 5}) {
    FakeSocket socket(&hub, 1, 5, "", kCredit, {until});
    socket.Take();
    EXPECT_EQ(socket.notices, (Strings{"0 end at 5"}));
    socket.Start();
    socket.Drain();
    EXPECT_TRUE(socket.offsets.empty());
    EXPECT_EQ(socket.notices.size(), 1u);
  }
  EXPECT_EQ(hub.log.readers_opened, 0);
}

TEST(Until, ABoundInAHoleIsReached) {
  for (int64_t until : {3, 4, 7, 8}) {
    FakeHub hub;
    Fill(&hub.log, 3);
    for (int i = 0; i < 5; ++i) hub.log.AppendHole();
    Fill(&hub.log, 3);
    FakeSocket socket(&hub, 1, 0, "", kCredit, {until});
    socket.Start();
    socket.Drain();
    EXPECT_EQ(socket.offsets, Range(0, 3));
    EXPECT_EQ(socket.notices, (Strings{"3 end at " + std::to_string(until)}));
  }
}

TEST(Until, AHoleAtTheEndOfTheLogIsCrossed) {
  FakeHub hub;
  Fill(&hub.log, 3);
  for (int i = 0; i < 5; ++i) hub.log.AppendHole();
  FakeSocket socket(&hub, 1, 0, "", kCredit, {8});
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.notices, (Strings{"3 end at 8"}));
}

TEST(Until, ABoundBeyondTheEndIsWaitedFor) {
  FakeHub hub;
  Fill(&hub.log, 3);
  FakeSocket socket(&hub, 1, 0, "", kCredit, {5});
  socket.Start();
  socket.Drain();
  EXPECT_TRUE(socket.notices.empty());
  Fill(&hub.log, 10);
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 5));
  EXPECT_EQ(socket.notices, (Strings{"5 end at 5"}));
}

TEST(Until, ABoundAmongDeletedRecordsIsReached) {
  FakeHub hub;
  Fill(&hub.log, 10);
  FakeSocket socket(&hub, 1, 0, "", kCredit, {5});
  hub.log.DeleteBelow(8);
  socket.Start();
  socket.Drain();
  EXPECT_TRUE(socket.offsets.empty());
  EXPECT_EQ(socket.notices, (Strings{"0 retention 0 to 5", "0 end at 5"}));
}

TEST(Until, AFilterThatPassesNothingComesToTheEnd) {
  FakeHub hub;
  Fill(&hub.log, 3000);
  FakeSocket socket(&hub, 1, 0, "{\"n\":-1}", kCredit, {2000});
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.notices, (Strings{"0 end at 2000"}));
}

TEST(Until, TheEndComesWhenTheLastMessageWasTakenWhateverTheCredit) {
  FakeHub hub;
  Fill(&hub.log, 500);
  FakeSocket socket(&hub, 1, 0, "", 1024, {400});
  socket.Start();
  for (int turn = 0; turn < 1000 && socket.notices.empty(); ++turn) {
    hub.Pump();
    socket.Take(SIZE_MAX / 2, 3);
  }
  EXPECT_EQ(socket.offsets, Range(0, 400));
  EXPECT_EQ(socket.notices, (Strings{"400 end at 400"}));
}

TEST(Until, ANewFilterTakesTheEndBackAsLongAsMessagesWait) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket socket(&hub, 1, 0, "", kCredit, {100});
  socket.Start();
  hub.Pump();
  socket.Take(SIZE_MAX / 2, 10);
  socket.Filter("{\"even\":true}");
  socket.Drain();
  std::vector<int64_t> expected = Range(0, 10);
  for (int64_t n : Range(10, 100, 2)) expected.push_back(n);
  EXPECT_EQ(socket.offsets, expected);
  EXPECT_EQ(socket.notices, (Strings{"55 end at 100"}));
}

TEST(Until, AStopTakesItBackToo) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket socket(&hub, 1, 0, "", kCredit, {100});
  socket.Start();
  hub.Pump();
  socket.Take(SIZE_MAX / 2, 10);
  socket.Stop();
  EXPECT_EQ(socket.Take(), 0u);
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 100));
  EXPECT_EQ(socket.notices, (Strings{"100 end at 100"}));
}

TEST(Until, OnceAllWasTakenTheEndSurvivesAStop) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket socket(&hub, 1, 0, "", kCredit, {100});
  socket.Start();
  hub.Pump();
  socket.Take(SIZE_MAX / 2, 100);
  EXPECT_EQ(socket.offsets.size(), 100u);
  socket.Stop();
  socket.Filter("{\"even\":true}");
  socket.Take(SIZE_MAX / 2, 0);
  EXPECT_EQ(socket.notices, (Strings{"100 end at 100"}));
}

TEST(Until, ATimeBecomesTheFirstRecordOfThatTimeOrLater) {
  FakeHub hub;
  Fill(&hub.log, 700);  // at the times 1000 + offset
  FakeSocket socket(&hub, 1, 0, "", kCredit, {Bound::kNone, 1000 + 800});
  FakeSocket filtered(&hub, 2, 0, "{\"even\":true}", kCredit, {Bound::kNone, 1000 + 800});
  socket.Start();
  filtered.Start();
  for (int round = 0; round < 5; ++round) {
    socket.Drain();
    filtered.Drain();
    Fill(&hub.log, 70);
  }
  EXPECT_EQ(socket.offsets, Range(0, 800));
  EXPECT_EQ(socket.notices, (Strings{"800 end at 800"}));
  EXPECT_EQ(filtered.offsets, Range(0, 800, 2));
  EXPECT_EQ(filtered.notices, (Strings{"400 end at 800"}));
}

TEST(Until, OthersOfTheSameScanGoOn) {
  FakeHub hub;
  Fill(&hub.log, 5000);
  FakeSocket bounded(&hub, 1, 0, "", kCredit, {1234});
  FakeSocket other(&hub, 2, 0);
  bounded.Start();
  other.Start();
  for (int turn = 0; turn < 100; ++turn) {
    bounded.Drain();
    other.Drain();
    hub.Sleep(milliseconds(10));
  }
  EXPECT_EQ(bounded.offsets, Range(0, 1234));
  EXPECT_EQ(other.offsets, Range(0, 5000));
  EXPECT_TRUE(other.notices.empty());
  EXPECT_EQ(hub.log.handed_over, 5000u);
}

}  // namespace
}  // namespace kasocki
