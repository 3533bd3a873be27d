// Cursors whose filters take long, and those who read beside them.
#include <gtest/gtest.h>

#include "fake_log.h"

namespace kasocki {
namespace {

using std::chrono::milliseconds;

std::string Value(int64_t n) { return "{\"n\":" + std::to_string(n) + ",\"third\":" + std::to_string(n % 3) + "}"; }

void Fill(FakeLog* log, int64_t count) {
  for (int64_t i = 0; i < count; ++i) log->Append(Value(log->end));
}

const char kThirds[] = "{\"third\":0}";
const char kSlow[] = "\"$[?@ == 0] && $.third == 0\"";  // not that it matters: it is slow because the hub says so

// A hub in which one filter is slow.
class SlowHub : public FakeHub {
 public:
  SlowHub() : slow_class_(ClassOf(kSlow)) { slow_classes.insert(slow_class_->id); }

  // Time goes by, the slow lane works, the socket takes what it gets.
  void Live(FakeSocket* socket, int turns) {
    for (int turn = 0; turn < turns; ++turn) {
      Pump();
      FinishSlowJobs();
      Pump();
      socket->Take();
      Sleep(milliseconds(20));
    }
  }

 private:
  const std::shared_ptr<const FilterClass> slow_class_;
};

TEST(Apart, AResultComesLaterAndIsDeliveredInOrder) {
  SlowHub hub;
  Fill(&hub.log, 3000);
  FakeSocket slow(&hub, 1, 0, kSlow);
  slow.Start();
  hub.Pump();
  EXPECT_EQ(slow.Take(), 0u);
  EXPECT_EQ(hub.slow_jobs.size(), 1u);
  hub.Live(&slow, 20);
  EXPECT_EQ(slow.offsets, Range(0, 3000, 3));
  Fill(&hub.log, 30);
  hub.Live(&slow, 3);
  EXPECT_EQ(slow.offsets, Range(0, 3030, 3));
  EXPECT_FALSE(hub.partition->unused());
}

TEST(Apart, OthersOnTheSameCatchUpScanGoOnWithoutIt) {
  SlowHub hub;
  Fill(&hub.log, 50000);  // more than a scan holds
  FakeSocket slow(&hub, 1, 0, kSlow);
  FakeSocket healthy(&hub, 2, 0, "{\"third\":1}");
  slow.Start();
  healthy.Start();
  healthy.Drain();  // the clock stands still: nobody is waited for
  EXPECT_EQ(healthy.offsets, Range(1, 50000, 3));
  EXPECT_EQ(slow.offsets.size(), 0u);
  EXPECT_LE(hub.counters.buffer_bytes.load(), 3u << 20);
  // It comes on however slow it is, chunk by chunk, from where it was.
  for (int turn = 0; turn < 1000 && slow.offsets.size() < 50000 / 3; ++turn) hub.Live(&slow, 1);
  EXPECT_EQ(slow.offsets, Range(0, 50000, 3));
}

TEST(Apart, OthersAtTheTailAreNotHeldUpEither) {
  SlowHub hub;
  FakeSocket slow(&hub, 1, 0, kSlow);
  FakeSocket healthy(&hub, 2, 0, "{\"third\":1}");
  slow.Start();
  healthy.Start();
  hub.Pump();
  for (int batch = 0; batch < 200; ++batch) {
    Fill(&hub.log, 300);
    healthy.Drain();
  }
  EXPECT_EQ(healthy.offsets, Range(1, 60000, 3));
  for (int turn = 0; turn < 2000 && slow.offsets.size() < 20000; ++turn) hub.Live(&slow, 1);
  EXPECT_EQ(slow.offsets, Range(0, 60000, 3));
}

TEST(Apart, SocketsOfOneClassShareTheJob) {
  SlowHub hub;
  Fill(&hub.log, 400);
  FakeSocket one(&hub, 1, 0, kSlow);
  FakeSocket two(&hub, 2, 0, kSlow);
  FakeSocket later(&hub, 3, 200, kSlow);
  for (FakeSocket* socket : {&one, &two, &later}) socket->Start();
  hub.Pump();
  EXPECT_EQ(hub.slow_jobs.size(), 1u);
  EXPECT_EQ(hub.slow_jobs[0]->waiting, 3u);
  hub.FinishSlowJobs();
  for (FakeSocket* socket : {&one, &two, &later}) socket->Drain();
  EXPECT_EQ(one.offsets, Range(0, 400, 3));
  EXPECT_EQ(two.offsets, Range(0, 400, 3));
  EXPECT_EQ(later.offsets, Range(201, 400, 3));
}

TEST(Apart, AnotherFilterEndsTheWaiting) {
  SlowHub hub;
  Fill(&hub.log, 400);
  FakeSocket socket(&hub, 1, 0, kSlow);
  socket.Start();
  hub.Pump();
  ASSERT_EQ(hub.slow_jobs.size(), 1u);
  std::shared_ptr<SlowJob> job = hub.slow_jobs[0];
  socket.Filter(kThirds);
  socket.Drain();
  EXPECT_FALSE(job->wanted);
  EXPECT_EQ(socket.offsets, Range(0, 400, 3));
  EXPECT_EQ(hub.FinishSlowJobs(), 0u);
  socket.Drain();
  EXPECT_EQ(socket.offsets, Range(0, 400, 3));
}

TEST(Apart, StopGivesBackAndStartGoesOn) {
  SlowHub hub;
  Fill(&hub.log, 400);
  FakeSocket socket(&hub, 1, 0, kSlow);
  socket.Start();
  hub.Pump();
  socket.Stop();
  EXPECT_EQ(hub.FinishSlowJobs(), 1u);
  hub.Pump();
  EXPECT_EQ(socket.Take(), 0u);
  socket.Start();
  hub.Live(&socket, 3);
  EXPECT_EQ(socket.offsets, Range(0, 400, 3));
}

TEST(Apart, ASocketThatGoesAwayTakesItsJobAlong) {
  SlowHub hub;
  Fill(&hub.log, 400);
  FakeSocket socket(&hub, 1, 0, kSlow);
  FakeSocket other(&hub, 2, 0, kSlow);
  socket.Start();
  other.Start();
  hub.Pump();
  ASSERT_EQ(hub.slow_jobs.size(), 1u);
  std::shared_ptr<SlowJob> job = hub.slow_jobs[0];
  socket.Close();
  EXPECT_TRUE(job->wanted);
  other.Close();
  EXPECT_FALSE(job->wanted);
  EXPECT_EQ(hub.FinishSlowJobs(), 0u);
  hub.Pump();
}

TEST(Apart, ASlowClientKeepsNoChunk) {
  SlowHub hub;
  Fill(&hub.log, 500);
  FakeSocket socket(&hub, 1, 0, kSlow, 2 * 1024);
  socket.Start();
  hub.Pump();
  hub.FinishSlowJobs();
  hub.Pump();  // prepares what there is room for
  EXPECT_EQ(hub.slow_jobs.size(), 0u);
  for (int turn = 0; turn < 1000 && socket.offsets.size() < 167; ++turn) hub.Live(&socket, 1);
  EXPECT_EQ(socket.offsets, Range(0, 500, 3));
}

TEST(Apart, WhoIsTurnedAwayComesAgain) {
  SlowHub hub;
  hub.slow_room = 0;
  Fill(&hub.log, 400);
  FakeSocket socket(&hub, 1, 0, kSlow);
  socket.Start();
  hub.Pump();
  EXPECT_TRUE(hub.partition->timer().has_value());
  hub.Sleep(milliseconds(60));
  hub.Pump();
  EXPECT_EQ(hub.slow_jobs.size(), 0u);
  hub.slow_room = 1;
  hub.Sleep(milliseconds(60));
  hub.Live(&socket, 3);
  EXPECT_EQ(socket.offsets, Range(0, 400, 3));
}

TEST(Apart, RecordsDeletedMeanwhileAreSteppedOver) {
  SlowHub hub;
  Fill(&hub.log, 5000);
  FakeSocket socket(&hub, 1, 0, kSlow);
  socket.Start();
  hub.Pump();
  hub.log.DeleteBelow(3000);
  for (int turn = 0; turn < 1000 && (socket.offsets.empty() || socket.offsets.back() < 4998); ++turn)
    hub.Live(&socket, 1);
  // The chunk in its hands, and what is left.
  std::vector<int64_t> expected = Range(0, 500, 3);
  for (int64_t n = 3000; n < 5000; n += 3) expected.push_back(n);
  EXPECT_TRUE(std::includes(socket.offsets.begin(), socket.offsets.end(), expected.begin(), expected.end()));
  EXPECT_TRUE(std::is_sorted(socket.offsets.begin(), socket.offsets.end()));
  EXPECT_EQ(std::adjacent_find(socket.offsets.begin(), socket.offsets.end()), socket.offsets.end());
}

TEST(Budget, ARecordPastItIsNoMatchAndIsToldOfOncePassed) {
  FakeHub hub;
  hub.limits.max_steps = 100;
  Fill(&hub.log, 10);
  std::string many = "{\"third\":0,\"list\":[0";
  for (int i = 1; i < 200; ++i) many += "," + std::to_string(i);
  hub.log.Append(many + "]}");
  Fill(&hub.log, 10);
  const std::string filter = "\"$.third == 0 && !($..[?@ == 5000])\"";
  FakeSocket socket(&hub, 1, 0, filter);
  FakeSocket cheap(&hub, 2, 0, "{\"third\":0}");
  for (FakeSocket* reader : {&socket, &cheap}) {
    reader->Start();
    reader->Drain();
  }
  EXPECT_EQ(hub.counters.filters_over_budget.load(), 1u);
  FakeSocket behind(&hub, 3, 11, filter);
  behind.Start();
  behind.Drain();
  EXPECT_EQ(cheap.offsets, (std::vector<int64_t>{0, 3, 6, 9, 10, 12, 15, 18}));
  EXPECT_EQ(socket.offsets, (std::vector<int64_t>{0, 3, 6, 9, 12, 15, 18}));
  EXPECT_EQ(behind.offsets, (std::vector<int64_t>{12, 15, 18}));
  ASSERT_FALSE(hub.over_budget.empty());
  for (const auto& [session, offset] : hub.over_budget) {
    EXPECT_EQ(session, 1u);
    EXPECT_EQ(offset, 10);
  }
}

}  // namespace
}  // namespace kasocki
