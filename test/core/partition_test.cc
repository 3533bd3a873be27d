// Cursors on scans: who is read for, when, and that everybody gets exactly what he should.
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "fake_log.h"

namespace kasocki {
namespace {

using std::chrono::milliseconds;

std::string Value(int64_t n) {
  return "{\"n\":" + std::to_string(n) + ",\"even\":" + (n % 2 == 0 ? "true" : "false") + "}";
}

void Fill(FakeLog* log, int64_t count) {
  for (int64_t i = 0; i < count; ++i) log->Append(Value(log->end));
}

TEST(Partition, DeliversABacklogAndThenTheTail) {
  FakeHub hub;
  Fill(&hub.log, 5000);
  FakeSocket socket(&hub, 1, 0);
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 5000));
  EXPECT_EQ(hub.partition->tail_scans(), 1u);
  EXPECT_EQ(hub.partition->catch_up_scans(), 0u);
  Fill(&hub.log, 10);
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 5010));
  EXPECT_EQ(socket.payloads[5009],
            "{\"n\":5009,\"even\":false,\"_kafka\":{\"topic\":\"topic\",\"partition\":0,\"offset\":5009,"
            "\"timestamp\":6009,\"key\":null}}");
}

TEST(Partition, LittleOutOfABacklogMayWaitForMore) {
  FakeHub hub;
  Fill(&hub.log, 5000);
  FakeSocket one_of_many(&hub, 1, 0, R"({"n":4000})");
  one_of_many.Start();
  one_of_many.Drain();
  EXPECT_EQ(one_of_many.offsets, Range(4000, 4001));
  EXPECT_EQ(hub.told_in_a_while, 1);
  EXPECT_EQ(hub.told_at_once, 0);

  FakeSocket all(&hub, 2, 0);
  all.Start();
  hub.Pump();
  EXPECT_EQ(hub.told_in_a_while, 1) << "a chunk full of matches is told at once";
  EXPECT_EQ(hub.told_at_once, 1);
  all.Drain();

  hub.told_in_a_while = hub.told_at_once = 0;
  Fill(&hub.log, 1);
  all.Drain();
  EXPECT_EQ(all.offsets, Range(0, 5001));
  EXPECT_EQ(hub.told_in_a_while, 0) << "at the end of the log nothing waits";
  EXPECT_EQ(hub.told_at_once, 1);
}

TEST(Partition, NothingIsReadBeforeAnybodyStarts) {
  FakeHub hub;
  Fill(&hub.log, 10);
  FakeSocket socket(&hub, 1, 0);
  hub.Pump();
  EXPECT_EQ(hub.log.readers_opened, 0);
}

TEST(Partition, OffsetsWithoutRecordsAreCrossed) {
  FakeHub hub;
  for (int i = 0; i < 3; ++i) hub.log.Append(Value(i));
  for (int i = 0; i < 5; ++i) hub.log.AppendHole();
  for (int i = 0; i < 3; ++i) hub.log.Append(Value(i));
  for (int i = 0; i < 5; ++i) hub.log.AppendHole();
  FakeSocket socket(&hub, 1, 0);
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.offsets, (std::vector<int64_t>{0, 1, 2, 8, 9, 10}));
  EXPECT_EQ(hub.partition->tail_scans(), 1u) << "the handover is complete at offset 16";
  EXPECT_EQ(hub.partition->catch_up_scans(), 0u);
  hub.log.AppendHole();
  Fill(&hub.log, 1);
  socket.Drain();
  EXPECT_EQ(socket.offsets.back(), 17);
}

TEST(Partition, ALogThatIsAllHolesHasATail) {
  FakeHub hub;
  for (int i = 0; i < 5; ++i) hub.log.AppendHole();
  FakeSocket socket(&hub, 1, 0);
  socket.Start();
  socket.Drain();
  EXPECT_TRUE(socket.offsets.empty());
  Fill(&hub.log, 2);
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(5, 7));
}

TEST(Partition, AFilterThatChangesWhileItIsEvaluatedIsEvaluatedAnew) {
  FakeHub hub;
  Fill(&hub.log, 1000);
  FakeSocket socket(&hub, 1, 0, "{\"even\":true}");
  int changes = 0;
  hub.on_evaluated = [&] {
    // As the main thread does it, at any moment.
    if (changes < 5) socket.session().SetFilterClass(hub.ClassOf("{\"n\":\"/" + std::to_string(++changes) + "$/\"}"));
  };
  socket.Start();
  socket.Drain();
  EXPECT_EQ(changes, 5);
  EXPECT_EQ(socket.offsets, Range(5, 1000, 10));
}

TEST(Partition, ManySocketsOfOneBacklogCostOneRead) {
  FakeHub hub;
  Fill(&hub.log, 20000);
  std::vector<std::unique_ptr<FakeSocket>> sockets;
  for (SessionId id = 1; id <= 100; ++id) {
    sockets.push_back(std::make_unique<FakeSocket>(&hub, id, 0, id % 2 == 0 ? "{\"even\":true}" : "", 16 * 1024));
  }
  // They start one after the other while the scan is under way, and take at different paces.
  std::mt19937 random(7);
  size_t started = 0;
  bool done = false;
  for (int turn = 0; turn < 100000 && !done; ++turn) {
    if (started < sockets.size()) sockets[started++]->Start();
    hub.Pump();
    for (auto& socket : sockets) {
      if (random() % 3 != 0) socket->Take();
    }
    hub.Sleep(milliseconds(1));
    done = std::all_of(sockets.begin(), sockets.end(),
                       [](const auto& socket) { return !socket->offsets.empty() && socket->offsets.back() >= 19998; });
  }
  for (size_t i = 0; i < sockets.size(); ++i) {
    sockets[i]->Drain();
    EXPECT_EQ(sockets[i]->offsets, i % 2 == 0 ? Range(0, 20000) : Range(0, 20000, 2)) << i;
  }
  EXPECT_EQ(hub.log.handed_over, 20000u);
}

TEST(Partition, ASocketThatDoesNotReadHoldsNobodyUpAndLosesNothing) {
  FakeHub hub;
  Fill(&hub.log, 50000);
  FakeSocket stuck(&hub, 1, 0, "", 8 * 1024);
  FakeSocket healthy(&hub, 2, 0, "", 64 * 1024);
  stuck.Start();
  healthy.Start();
  for (int turn = 0; turn < 1000 && healthy.offsets.size() < 50000; ++turn) {
    healthy.Drain();
    hub.Sleep(milliseconds(50));
  }
  EXPECT_EQ(healthy.offsets, Range(0, 50000));
  EXPECT_LE(hub.counters.buffer_bytes.load(), 3u << 20);
  for (int turn = 0; turn < 10000 && stuck.offsets.size() < 50000; ++turn) {
    stuck.Drain();
    hub.Sleep(milliseconds(50));
  }
  EXPECT_EQ(stuck.offsets, Range(0, 50000));
}

TEST(Partition, ARecordLargerThanTheCreditIsDelivered) {
  FakeHub hub;
  hub.log.Append("{\"a\":1}");
  hub.log.Append("{\"a\":\"" + std::string(100000, 'x') + "\"}");
  hub.log.Append("{\"a\":2}");
  FakeSocket socket(&hub, 1, 0, "", 1024);
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 3));
}

TEST(Partition, AFullScanThatItsRidersPassReadsOnUnasked) {
  FakeHub hub;
  Fill(&hub.log, 50000);
  FakeSocket socket(&hub, 1, 0, "{\"n\":49999}");
  socket.Start();
  hub.Pump();
  EXPECT_EQ(socket.Take(), 1u);
  EXPECT_GT(hub.counters.bytes_read.load(), 1u << 20);
}

TEST(Partition, StopGivesBackAndStartGoesOnFromThere) {
  FakeHub hub;
  Fill(&hub.log, 1000);
  FakeSocket socket(&hub, 1, 0);
  socket.Start();
  hub.Pump();
  EXPECT_EQ(socket.Take(SIZE_MAX / 2, 10), 10u);
  socket.Stop();
  EXPECT_EQ(socket.Take(), 0u);
  hub.Sleep(milliseconds(100));
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 1000));
}

TEST(Partition, AFilterTakesEffectAtTheEarliestMatchNotTaken) {
  FakeHub hub;
  Fill(&hub.log, 1000);
  FakeSocket socket(&hub, 1, 0, "{\"even\":true}");
  socket.Start();
  hub.Pump();
  EXPECT_EQ(socket.Take(SIZE_MAX / 2, 3), 3u);  // 0, 2, 4: the earliest match not taken is 6
  socket.Filter("{\"even\":false}");
  socket.Drain();
  std::vector<int64_t> expected = {0, 2, 4};
  for (int64_t n = 7; n < 1000; n += 2) expected.push_back(n);
  EXPECT_EQ(socket.offsets, expected) << "5 was refused before and stays refused";
}

TEST(Partition, RetentionMovesACursorToTheLogsStart) {
  FakeHub hub;
  Fill(&hub.log, 1000);
  FakeSocket socket(&hub, 1, 10);
  hub.log.DeleteBelow(500);
  socket.Start();
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(500, 1000));
}

TEST(Partition, ATruncatedLogMovesACursorToItsEnd) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket socket(&hub, 1, 200);
  socket.Start();
  socket.Drain();
  Fill(&hub.log, 5);
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(100, 105));
}

TEST(Partition, AFailedPartitionIsToldOnceAndTriedAgain) {
  FakeHub hub;
  Fill(&hub.log, 10);
  hub.log.error = Error{ErrorKind::kKafka, "Broker: Topic authorization failed", "TOPIC_AUTHORIZATION_FAILED"};
  FakeSocket socket(&hub, 1, 0);
  socket.Start();
  hub.Pump();
  for (int i = 0; i < 5; ++i) {
    hub.Sleep(milliseconds(40000));
    hub.Pump();
  }
  ASSERT_EQ(hub.failures.size(), 1u);
  EXPECT_EQ(hub.failures[0].first, std::vector<SessionId>{1});
  hub.log.error.reset();
  hub.Sleep(milliseconds(40000));
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 10));
}

TEST(Partition, APartitionThatCannotBeOpenedIsTriedAgainUnasked) {
  FakeHub hub;
  Fill(&hub.log, 10);
  hub.refuses_readers = true;
  FakeSocket socket(&hub, 1, 0);
  socket.Start();
  hub.Pump();
  ASSERT_EQ(hub.failures.size(), 1u);
  ASSERT_TRUE(hub.partition->timer().has_value()) << "nobody else will wake it";
  hub.refuses_readers = false;
  hub.now = *hub.partition->timer();
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 10));
}

// Those who come to a log on which nothing happens read what the tail keeps of it.
TEST(Partition, WhatWasFoundForThoseWhoArePastItIsForgotten) {
  FakeHub hub;
  Fill(&hub.log, 100);
  FakeSocket follower(&hub, 1, 0);
  follower.Start();
  follower.Drain();
  for (SessionId id = 2; id <= 20; ++id) {
    FakeSocket socket(&hub, id, 0, "{\"n\":" + std::to_string(id) + "}");
    socket.Start();
    socket.Drain();
    EXPECT_EQ(socket.offsets, Range(id, id + 1));
    EXPECT_EQ(hub.partition->catch_up_scans(), 0u) << "it rides the tail";
  }
  const auto kept = [](const std::weak_ptr<const Matches>& found) { return !found.expired(); };
  EXPECT_EQ(hub.found.size(), 20u);
  EXPECT_EQ(std::count_if(hub.found.begin(), hub.found.end(), kept), 0);
}

TEST(Partition, AFunctionInJavaScriptIsAskedOnceAboutWhatTheTailInherits) {
  FakeHub hub;
  Fill(&hub.log, 10);
  const std::shared_ptr<const FilterClass> even = hub.ClassOf("{\"even\":true}");
  hub.javascript_classes.insert(even->id);
  FakeSocket socket(&hub, 1, 0, "{\"even\":true}");
  socket.Start();
  hub.Pump();
  EXPECT_EQ(hub.partition->tail_scans(), 1u) << "while the answer is awaited, the socket changes over";
  EXPECT_EQ(hub.partition->catch_up_scans(), 0u);
  EXPECT_EQ(hub.asked_javascript.size(), 1u);
  hub.AnswerJavaScript();
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 10, 2));
}

// A chunk's places are of 32 bits, and a compressed batch unfolds to any size.
TEST(Scan, LargeRecordsThatNobodyExpectedMakeMoreChunks) {
  FakeLog log;
  for (int i = 0; i < 100; ++i) log.Append(std::string(100'000, 'x'));
  for (int i = 0; i < 5; ++i) log.AppendHole();
  Counters counters;
  Scan scan(std::make_unique<FakeReader>(&log, 0), 0, &counters);
  const ReadOutcome outcome = scan.Read(500);
  EXPECT_EQ(outcome.records, 100u);
  EXPECT_EQ(scan.to(), 105);
  int64_t offset = 0;
  size_t records = 0;
  while (offset < scan.to()) {
    const ScanChunk& chunk = **scan.ChunkAt(offset);
    EXPECT_EQ(chunk.from, offset) << "without a gap";
    EXPECT_EQ(chunk.records->offset(0), offset);
    EXPECT_LT(chunk.records->data_bytes(), 1'200'000u);
    records += chunk.records->size();
    offset = chunk.to;
  }
  EXPECT_EQ(records, 100u);
  EXPECT_EQ(counters.records_read, 100u);
  EXPECT_EQ(counters.bytes_read, 10'000'000u);
}

TEST(Partition, SlowAndFarAwayCursorsAllGetTheirTurn) {
  FakeHub hub;
  Fill(&hub.log, 60000);
  // The first ones keep the scan busy at a distance; the others are far below it.
  FakeSocket far(&hub, 1, 40000, "", 4 * 1024);
  far.Start();
  hub.Pump();
  FakeSocket near(&hub, 2, 0, "", 4 * 1024);
  near.Start();
  for (int turn = 0; turn < 200000 && near.offsets.size() + far.offsets.size() < 80000; ++turn) {
    hub.Pump();
    near.Take();
    far.Take();
    hub.Sleep(milliseconds(5));
  }
  EXPECT_EQ(far.offsets, Range(40000, 60000));
  EXPECT_EQ(near.offsets, Range(0, 60000));
}

TEST(Partition, ScansEndWhenNobodyIsLeft) {
  FakeHub hub;
  Fill(&hub.log, 10);
  {
    FakeSocket socket(&hub, 1, 0);
    socket.Start();
    socket.Drain();
    EXPECT_GT(hub.log.readers_open, 0);
  }
  hub.Pump();
  hub.Sleep(milliseconds(60000));
  hub.Pump();
  EXPECT_EQ(hub.log.readers_open, 0);
  EXPECT_TRUE(hub.partition->unused());
  EXPECT_EQ(hub.counters.buffer_bytes.load(), 0u);
}

// Sockets of all kinds do everything at random moments; each ends with exactly its records, once, in order.
class RandomSockets : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomSockets, GetExactlyTheirRecords) {
  std::mt19937 random(GetParam());
  PartitionOptions options;
  options.catch_up_bytes = 1 << (10 + random() % 8);
  options.tail_bytes = 1 << (10 + random() % 8);
  options.read_batch = 1 + random() % 300;
  FakeHub hub(options);
  Fill(&hub.log, 1000);

  struct Actor {
    std::unique_ptr<FakeSocket> socket;
    int64_t from;
    bool even;
    bool started = false;
  };
  std::vector<Actor> actors;
  SessionId next_id = 1;
  auto join = [&] {
    Actor actor;
    actor.even = random() % 2 == 0;
    actor.from = random() % 3 == 0 ? hub.log.end : static_cast<int64_t>(random() % (hub.log.end + 1));
    actor.socket = std::make_unique<FakeSocket>(&hub, next_id++, actor.from, actor.even ? "{\"even\":true}" : "",
                                                1u << (8 + random() % 8));
    actors.push_back(std::move(actor));
  };
  for (int turn = 0; turn < 3000; ++turn) {
    if (actors.size() < 20 && random() % 10 == 0) join();
    if (random() % 4 == 0) {
      for (unsigned n = random() % 30; n > 0; --n) {
        if (random() % 5 == 0) {
          hub.log.AppendHole();
        } else {
          Fill(&hub.log, 1);
        }
      }
    }
    for (Actor& actor : actors) {
      switch (random() % 8) {
        case 0:
          actor.started ? actor.socket->Stop() : actor.socket->Start();
          actor.started = !actor.started;
          break;
        case 1:
          actor.socket->Filter(actor.even ? "{\"even\":true}" : "");  // the same again: must change nothing
          break;
        case 2:
        case 3:
          if (actor.started) actor.socket->Take(1 + random() % 5000, 1 + random() % 100);
          break;
        default:
          break;
      }
    }
    if (actors.size() > 3 && random() % 60 == 0)
      actors.erase(actors.begin() + static_cast<ptrdiff_t>(random() % actors.size()));
    hub.partition->Pump(hub.now);
    hub.Sleep(milliseconds(random() % 100));
  }
  std::vector<std::vector<int64_t>> expected;
  for (const Actor& actor : actors) {
    std::vector<int64_t>& offsets = expected.emplace_back();
    for (const auto& [offset, value] : hub.log.records) {
      if (offset >= actor.from && (!actor.even || value.find("true") != std::string::npos)) offsets.push_back(offset);
    }
  }
  bool all = false;
  for (int turn = 0; turn < 20000 && !all; ++turn) {
    all = true;
    for (size_t i = 0; i < actors.size(); ++i) {
      actors[i].socket->Start();
      actors[i].socket->Take();
      all = all && actors[i].socket->offsets.size() >= expected[i].size();
    }
    hub.Pump();
    hub.Sleep(milliseconds(20));
  }
  for (size_t i = 0; i < actors.size(); ++i) EXPECT_EQ(actors[i].socket->offsets, expected[i]) << actors[i].from;
  actors.clear();
  EXPECT_EQ(hub.counters.cursors.load(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSockets, ::testing::Range(1u, 31u));

}  // namespace
}  // namespace kasocki
