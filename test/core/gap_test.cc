// Offsets that never come: exactly told, in order with the messages, once.
#include <gtest/gtest.h>

#include <random>

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

std::vector<int64_t> operator+(std::vector<int64_t> a, const std::vector<int64_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

constexpr size_t kCredit = 64 * 1024;

TEST(Gap, DeletedRecordsAreOne) {
  FakeHub hub;
  Fill(&hub.log, 1000);
  FakeSocket socket(&hub, 1, 10);
  hub.log.DeleteBelow(500);
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(500, 1000));
  EXPECT_EQ(socket.notices, (Strings{"0 retention 10 to 500"}));
}

TEST(Gap, OffsetsWithoutRecordsAreNone) {
  FakeHub hub;
  Fill(&hub.log, 10);
  for (int i = 0; i < 90; ++i) hub.log.AppendHole();
  Fill(&hub.log, 10);
  for (int i = 0; i < 90; ++i) hub.log.AppendHole();
  FakeSocket socket(&hub, 1, 5);
  socket.Start();
  socket.Drain();
  Fill(&hub.log, 1);
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(5, 10) + Range(100, 110) + Range(200, 201));
  EXPECT_TRUE(socket.notices.empty());
}

TEST(Gap, ComesBehindTheMessagesBeforeIt) {
  FakeHub hub;
  Fill(&hub.log, 10000);
  FakeSocket socket(&hub, 1, 0, "", 8 * 1024);
  socket.Start();
  hub.Pump();
  socket.Take(SIZE_MAX / 2, 5);
  // While it is out of credit the scan goes, and what it would go on with is deleted.
  hub.Sleep(milliseconds(10000));
  hub.Pump();
  hub.Sleep(milliseconds(10000));
  hub.Pump();
  hub.log.DeleteBelow(9000);
  socket.Drain();
  ASSERT_EQ(socket.gaps.size(), 1u);
  const int64_t from = socket.gaps[0].from;
  EXPECT_GT(from, 5);
  EXPECT_EQ(socket.gaps[0].messages_before, static_cast<size_t>(from));
  EXPECT_EQ(socket.gaps[0].to, 9000);
  EXPECT_EQ(socket.offsets, Range(0, from) + Range(9000, 10000));
}

// The topic was deleted and made anew, with so many records.
void MakeAnew(FakeLog* log, int64_t count) {
  log->records.clear();
  log->begin = log->end = 0;
  Fill(log, count);
}

TEST(Gap, ATopicMadeAnewIsReadFromItsBeginningHoweverLongItIs) {
  for (int64_t count : {0, 30, 100, 300}) {
    FakeHub hub;
    Fill(&hub.log, 100);
    FakeSocket reading(&hub, 1, 0);
    FakeSocket stopped(&hub, 2, 50);
    FakeSocket unread(&hub, 3, 0);
    reading.Start();
    reading.Drain();
    hub.partition->SetLife(1, hub.now);
    MakeAnew(&hub.log, count);
    hub.partition->SetLife(2, hub.now);
    hub.Pump();
    FakeSocket later(&hub, 4, count);
    for (FakeSocket* socket : {&reading, &stopped, &unread, &later}) {
      socket->Start();
      socket->Drain();
    }
    // Who is of this life is told nothing.
    hub.partition->SetLife(2, hub.now);
    Fill(&hub.log, 10);
    for (FakeSocket* socket : {&reading, &stopped, &unread, &later}) socket->Drain();
    EXPECT_EQ(reading.offsets, Range(0, 100) + Range(0, count + 10));
    EXPECT_EQ(reading.notices, (Strings{"100 truncated 100 to 0"}));
    EXPECT_EQ(stopped.offsets, Range(0, count + 10));
    EXPECT_EQ(stopped.notices, (Strings{"0 truncated 50 to 0"}));
    EXPECT_EQ(unread.offsets, Range(0, count + 10));
    EXPECT_TRUE(unread.notices.empty());
    EXPECT_EQ(later.offsets, Range(count, count + 10));
    EXPECT_TRUE(later.notices.empty());
  }
}

TEST(Gap, WhatIsHeldOfATopicIsForgottenWhenItTurnsOutToBeAnew) {
  PartitionOptions options;
  options.catch_up_bytes = 4096;
  FakeHub hub(options);
  Fill(&hub.log, 1000);
  FakeSocket reading(&hub, 1, 0);
  reading.Start();
  reading.Drain();
  // Keeps the catch-up scan, full of the old topic's records.
  FakeSocket slow(&hub, 2, 0, "", 1024);
  slow.Start();
  hub.Pump();
  hub.partition->SetLife(1, hub.now);
  MakeAnew(&hub.log, 30);
  hub.partition->Pump(hub.now);
  // The tail is at what is no offset any more.
  ASSERT_TRUE(hub.bounds_requested);
  hub.partition->SetLife(2, hub.now);
  reading.Drain();
  EXPECT_EQ(reading.offsets, Range(0, 1000) + Range(0, 30));
  EXPECT_EQ(reading.notices, (Strings{"1000 truncated 1000 to 0"}));
  slow.Drain();
  ASSERT_EQ(slow.gaps.size(), 1u);
  EXPECT_EQ(slow.offsets, Range(0, slow.gaps[0].from) + Range(0, 30));
}

TEST(Gap, ALogThatEndsBelowIsOneLifeOnThoughNobodyToldOfIt) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket socket(&hub, 1, 0);
  socket.Start();
  socket.Drain();
  hub.partition->SetLife(1, hub.now);
  MakeAnew(&hub.log, 30);
  socket.Drain();
  hub.partition->SetLife(2, hub.now);
  Fill(&hub.log, 10);
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 100) + Range(30, 40));
  EXPECT_EQ(socket.notices, (Strings{"100 truncated 100 to 30"}));
}

TEST(Gap, ATopicThatWasGoneIsAskedForBeforeItIsReadOn) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket socket(&hub, 1, 0);
  socket.Start();
  socket.Drain();
  hub.partition->SetLife(1, hub.now);
  hub.log.error = Error{ErrorKind::kKafka, "Broker: Unknown topic or partition", "UNKNOWN_TOPIC_OR_PART"};
  hub.Pump();
  hub.log.error.reset();
  MakeAnew(&hub.log, 300);
  hub.Sleep(milliseconds(1000));
  EXPECT_FALSE(hub.partition->Pump(hub.now));
  ASSERT_TRUE(hub.bounds_requested);
  hub.partition->SetLife(2, hub.now);
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 100) + Range(0, 300));
  EXPECT_EQ(socket.notices, (Strings{"100 truncated 100 to 0"}));
}

TEST(Gap, WhoWaitsForASlowFilterGetsNothingOfTheLogAsItWas) {
  for (const bool anew : {true, false}) {
    FakeHub hub;
    Fill(&hub.log, 100);
    FakeSocket first(&hub, 1, 0);
    FakeSocket second(&hub, 2, 0);
    hub.slow_classes.insert(first.session().filter_class()->id);
    first.Start();
    second.Start();
    hub.Pump();
    ASSERT_EQ(hub.FinishSlowJobs(), 1u);
    hub.partition->SetLife(1, hub.now);
    if (anew) {
      MakeAnew(&hub.log, 30);
      hub.partition->SetLife(2, hub.now);
    }
    for (FakeSocket* socket : {&first, &second}) socket->Drain();
    while (hub.FinishSlowJobs() > 0) {
      for (FakeSocket* socket : {&first, &second}) socket->Drain();
    }
    EXPECT_EQ(first.offsets, Range(0, anew ? 30 : 100));
    EXPECT_EQ(second.offsets, first.offsets);
  }
}

TEST(Gap, WhoStandsStillWhileTheLogMovesOnHasOneThatGrows) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket stopped(&hub, 1, 10);
  for (int64_t begin : {20, 30, 40}) {
    hub.log.DeleteBelow(begin);
    {
      FakeSocket other(&hub, 2, begin - 5);
      other.Start();
      other.Drain();
      EXPECT_EQ(other.offsets.size(), static_cast<size_t>(100 - begin));
    }
    hub.Pump();
    hub.Sleep(milliseconds(60000));
    hub.Pump();
  }
  stopped.Start();
  stopped.Drain();
  EXPECT_EQ(stopped.offsets, Range(40, 100));
  EXPECT_EQ(stopped.notices, (Strings{"0 retention 10 to 40"}));
}

TEST(Gap, ATruncatedLogGoesBack) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket socket(&hub, 1, 0);
  socket.Start();
  socket.Drain();
  socket.Stop();
  hub.Pump();
  hub.Sleep(milliseconds(60000));
  hub.Pump();
  hub.log.Truncate(60);
  socket.Start();
  socket.Drain();
  Fill(&hub.log, 10);
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 100) + Range(60, 70));
  EXPECT_EQ(socket.notices, (Strings{"100 truncated 100 to 60"}));
}

TEST(Gap, WhatWasPreparedBeforeOneBelongsToItOnceItIsGivenBack) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket socket(&hub, 1, 0);
  socket.Start();
  hub.Pump();
  socket.Take(SIZE_MAX / 2, 7);
  hub.log.DeleteBelow(100);
  Fill(&hub.log, 100);
  hub.log.DeleteBelow(150);
  socket.session().ClampPosition(socket.session().cursors[0].get(), 150, 200);
  socket.Filter("{\"even\":true}");
  socket.Drain();
  std::vector<int64_t> expected = Range(0, 7);
  for (int64_t n = 150; n < 200; n += 2) expected.push_back(n);
  EXPECT_EQ(socket.offsets, expected);
  EXPECT_EQ(socket.notices, (Strings{"7 retention 7 to 150"}));
}

TEST(Gap, AnUnsubscribedTopicTellsOfNone) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket socket(&hub, 1, 5);
  Session& session = socket.session();
  session.ClampPosition(session.cursors[0].get(), 50, 100);
  std::set<std::string> topics{"topic"};
  std::vector<Standing> stood = session.Unsubscribe(&topics, false);
  ASSERT_EQ(stood.size(), 1u);
  EXPECT_EQ(stood[0].offset, 5) << "what it was not told of it has not passed";
  EXPECT_EQ(socket.Take(), 0u);
}

TEST(Gap, AStartThatIsNotInTheLogIsOne) {
  for (auto [asked, position, notice] :
       {std::tuple{5, 40, "0 retention 5 to 40"}, {500, 40, "0 truncated 500 to 40"}}) {
    FakeHub hub;
    auto session = std::make_shared<Session>(1, kCredit, hub.ClassOf(""));
    session->Expect(0, 1);
    session->AddCursor(0, hub.partition->name(), {position, {}, {}, asked}, Session::Announce::kNo);
    bool credit = false;
    Taken taken = session->Take(1, 1, &credit);
    ASSERT_TRUE(taken.notice);
    auto* gap = std::get_if<GapNotice>(&*taken.notice);
    ASSERT_NE(gap, nullptr);
    EXPECT_EQ(std::string("0 ") + (gap->reason == GapNotice::Reason::kRetention ? "retention " : "truncated ") +
                  std::to_string(gap->from) + " to " + std::to_string(gap->to),
              notice);
    EXPECT_EQ(gap->partition, hub.partition->name());
  }
}

TEST(Skip, AClientThatIsTooFarBehindGoesToTheEnd) {
  FakeHub hub;
  Fill(&hub.log, 10000);
  FakeSocket socket(&hub, 1, 0, "", kCredit, {}, 1000);
  FakeSocket waits(&hub, 2, 0);
  socket.Start();
  waits.Start();
  socket.Drain();
  waits.Drain();
  socket.Drain();
  Fill(&hub.log, 10);
  socket.Drain();
  waits.Drain();
  EXPECT_EQ(socket.offsets, Range(10000, 10010));
  EXPECT_EQ(socket.notices, (Strings{"0 skipped 0 to 10000"}));
  EXPECT_EQ(waits.offsets, Range(0, 10010));
  EXPECT_TRUE(waits.notices.empty());
}

TEST(Skip, OneThatIsLessFarBehindGetsEverything) {
  FakeHub hub;
  Fill(&hub.log, 10000);
  FakeSocket socket(&hub, 1, 9000, "", kCredit, {}, 1000);
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(9000, 10000));
  EXPECT_TRUE(socket.notices.empty());
}

TEST(Skip, AFlowThatIsTakenAsItComesIsNotSkippedHoweverMuchComesAtOnce) {
  FakeHub hub;
  FakeSocket socket(&hub, 1, 0, "", 1 << 20, {}, 10);
  socket.Start();
  socket.Drain();
  for (int i = 0; i < 20; ++i) {
    Fill(&hub.log, 400);
    socket.Drain();
  }
  EXPECT_EQ(socket.offsets, Range(0, 8000));
  EXPECT_TRUE(socket.notices.empty());
}

TEST(Skip, ASlowClientSkipsWhenItReadsAgainAndLosesNothingThatWasPrepared) {
  FakeHub hub;
  FakeSocket socket(&hub, 1, 0, "", 8 * 1024, {}, 100);
  socket.Start();
  socket.Drain();
  Fill(&hub.log, 20000);
  hub.Pump();
  hub.Sleep(milliseconds(60000));
  hub.Pump();
  socket.Drain();
  ASSERT_EQ(socket.gaps.size(), 1u);
  const int64_t from = socket.gaps[0].from;
  EXPECT_EQ(socket.offsets, Range(0, from));
  EXPECT_EQ(socket.gaps[0].to, 20000);
  Fill(&hub.log, 5);
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, from) + Range(20000, 20005));
}

TEST(Skip, IsNotHeldUpByOthersThatCatchUp) {
  FakeHub hub;
  Fill(&hub.log, 50000);
  FakeSocket slow(&hub, 1, 0, "", 4 * 1024);
  slow.Start();
  hub.Pump();
  FakeSocket socket(&hub, 2, 0, "", kCredit, {}, 100);
  socket.Start();
  // The other one goes on and on, and nobody has reached the end yet.
  for (int turn = 0; turn < 20; ++turn) {
    hub.Pump();
    slow.Take();
    socket.Take();
    hub.Sleep(milliseconds(10));
  }
  Fill(&hub.log, 3);
  hub.Pump();
  socket.Take();
  EXPECT_EQ(socket.offsets, Range(50000, 50003));
  EXPECT_LT(slow.offsets.size(), 40000u);
}

TEST(Skip, ABoundIsNotSkipped) {
  FakeHub hub;
  Fill(&hub.log, 10000);
  FakeSocket socket(&hub, 1, 0, "", kCredit, {500}, 1000);
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.notices, (Strings{"0 skipped 0 to 500", "0 end at 500"}));
}

// Logs that lose their beginnings while sockets of all kinds read: each record is delivered or in one gap, and nothing
// is in a gap that is still in the log.
class RandomGaps : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomGaps, CoverExactlyWhatIsMissing) {
  std::mt19937 random(GetParam());
  PartitionOptions options;
  options.catch_up_bytes = 1 << (10 + random() % 8);
  options.tail_bytes = 1 << (10 + random() % 8);
  options.read_batch = 1 + random() % 300;
  FakeHub hub(options);
  FakeLog all;
  auto write = [&](int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      if (random() % 5 == 0) {
        hub.log.AppendHole();
        all.AppendHole();
      } else {
        all.Append(Value(all.end));
        hub.log.Append(Value(hub.log.end));
      }
    }
  };
  write(1000);
  struct Actor {
    std::unique_ptr<FakeSocket> socket;
    int64_t from;
    bool even;
    bool skips;
    bool started = false;
  };
  std::vector<Actor> actors;
  for (SessionId id = 1; id <= 20; ++id) {
    Actor actor;
    actor.even = random() % 2 == 0;
    actor.skips = random() % 3 == 0;
    actor.from = static_cast<int64_t>(random() % (hub.log.end + 1));
    actor.socket = std::make_unique<FakeSocket>(
        &hub, id, actor.from, actor.even ? "{\"even\":true}" : "", 1u << (8 + random() % 8), Bound{},
        actor.skips ? 1 + static_cast<int64_t>(random() % 300) : Session::kNeverSkip);
    actors.push_back(std::move(actor));
  }
  for (int turn = 0; turn < 2000; ++turn) {
    if (random() % 4 == 0) write(random() % 30);
    if (random() % 50 == 0) {
      hub.log.DeleteBelow(hub.log.begin + static_cast<int64_t>(random() % (hub.log.end - hub.log.begin + 1)));
    }
    for (Actor& actor : actors) {
      switch (random() % 8) {
        case 0:
          actor.started ? actor.socket->Stop() : actor.socket->Start();
          actor.started = !actor.started;
          break;
        case 1:
          actor.socket->Filter(actor.even ? "{\"even\":true}" : "");
          break;
        case 2:
        case 3:
          actor.socket->Take(1 + random() % 5000, random() % 100);
          break;
        default:
          break;
      }
    }
    hub.Pump();
    hub.Sleep(milliseconds(random() % 100));
  }
  for (Actor& actor : actors) actor.socket->Start();
  for (int turn = 0; turn < 2000; ++turn) {
    for (Actor& actor : actors) actor.socket->Take();
    hub.Pump();
    hub.Sleep(milliseconds(20));
  }
  size_t gaps = 0;
  for (const Actor& actor : actors) {
    // Every record of the log's whole history, in order: it was delivered, or refused, or in the gap that comes next.
    size_t message = 0;
    size_t gap = 0;
    int64_t position = actor.from;
    const FakeSocket& socket = *actor.socket;
    auto in_gap = [&](int64_t offset) {
      while (gap < socket.gaps.size() && socket.gaps[gap].to <= offset) {
        const FakeSocket::Gap& passed = socket.gaps[gap];
        EXPECT_LE(position, passed.from) << "gaps overlap";
        EXPECT_LT(passed.from, passed.to);
        EXPECT_TRUE(actor.skips || passed.to <= hub.log.begin);
        position = passed.to;
        ++gap;
      }
      return gap < socket.gaps.size() && socket.gaps[gap].from <= offset;
    };
    for (const auto& [offset, value] : all.records) {
      if (offset < actor.from || (actor.even && value.find("true") == std::string::npos)) continue;
      if (in_gap(offset)) {
        EXPECT_EQ(socket.gaps[gap].messages_before, message) << offset;
      } else {
        ASSERT_LT(message, socket.offsets.size()) << offset << " is missing";
        ASSERT_EQ(socket.offsets[message], offset);
        ++message;
      }
    }
    EXPECT_EQ(message, socket.offsets.size());
    gaps += socket.gaps.size();
  }
  EXPECT_GT(gaps, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomGaps, ::testing::Range(1u, 31u));

}  // namespace
}  // namespace kasocki
