// One session, several partitions: who gets how much of its credit. And how far behind a partition's readers are.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "fake_log.h"

namespace kasocki {
namespace {

using std::chrono::milliseconds;

void Fill(FakeLog* log, int64_t count, size_t bytes = 100) {
  for (int64_t i = 0; i < count; ++i) log->Append("{\"text\":\"" + std::string(bytes, 'x') + "\"}");
}

// A session with a cursor on each of some partitions.
class Reader {
 public:
  Reader(std::vector<std::unique_ptr<FakeHub>>* hubs, size_t credit)
      : hubs_(*hubs), session_(std::make_shared<Session>(1, credit, hubs_[0]->ClassOf(""))) {
    session_->Expect(0, hubs_.size());
    for (auto& hub : hubs_) {
      Cursor* cursor = session_->AddCursor(0, hub->partition->name(), {}, Session::Announce::kNo);
      hub->partition->Add(cursor);
      cursors_.push_back(cursor);
    }
    session_->SetWanting(true);
    Wake();
  }
  ~Reader() {
    session_->Close();
    for (size_t i = 0; i < hubs_.size(); ++i) hubs_[i]->partition->Remove(cursors_[i]);
  }

  void Pump(size_t first = 0) {
    for (size_t i = 0; i < hubs_.size(); ++i) hubs_[(first + i) % hubs_.size()]->Pump();
  }
  // The bytes of messages taken, by partition: what Prepare put into the queue in the order of the queue.
  void Take(size_t max_bytes) {
    std::map<const Cursor*, int64_t> before;
    for (Cursor* cursor : cursors_) before[cursor] = static_cast<int64_t>(cursor->prepared);
    bool credit = false;
    session_->Take(max_bytes, SIZE_MAX / 2, &credit);
    for (size_t i = 0; i < cursors_.size(); ++i) {
      taken[i] += before[cursors_[i]] - static_cast<int64_t>(cursors_[i]->prepared);
    }
    if (credit) Wake();
  }
  size_t prepared() const {
    size_t sum = 0;
    for (const Cursor* cursor : cursors_) sum += cursor->prepared;
    return sum;
  }

  std::map<size_t, int64_t> taken;

 private:
  void Wake() {
    for (size_t i = 0; i < hubs_.size(); ++i) hubs_[i]->partition->Wake(cursors_[i], hubs_[i]->now);
  }
  std::vector<std::unique_ptr<FakeHub>>& hubs_;
  std::shared_ptr<Session> session_;
  std::vector<Cursor*> cursors_;
};

std::vector<std::unique_ptr<FakeHub>> Hubs(const std::vector<int64_t>& records, size_t bytes = 100) {
  std::vector<std::unique_ptr<FakeHub>> hubs;
  for (int64_t count : records) {
    hubs.push_back(std::make_unique<FakeHub>());
    Fill(&hubs.back()->log, count, bytes);
  }
  return hubs;
}

TEST(FairCredit, PartitionsWithBacklogsGetTheSameOfIt) {
  auto hubs = Hubs({20000, 20000, 20000});
  Reader reader(&hubs, 64 * 1024);
  for (int turn = 0; turn < 100; ++turn) {
    reader.Pump();
    reader.Take(16 * 1024);
  }
  const int64_t sum = reader.taken[0] + reader.taken[1] + reader.taken[2];
  EXPECT_GT(sum, 1000 * 1024);
  for (size_t i = 0; i < 3; ++i) EXPECT_GT(reader.taken[i], sum / 4) << i;
}

TEST(FairCredit, MessagesLargerThanAllOfItDoNotShutOthersOut) {
  auto hubs = Hubs({200, 200}, 20000);
  Reader reader(&hubs, 8 * 1024);
  std::minstd_rand random;  // as in the worker
  for (int turn = 0; turn < 60; ++turn) {
    reader.Pump(random() % hubs.size());
    EXPECT_LT(reader.prepared(), 8 * 1024u + 21000u);
    reader.Take(1);
  }
  EXPECT_GT(reader.taken[0], 10 * 20000);
  EXPECT_GT(reader.taken[1], 10 * 20000);
}

TEST(FairCredit, WhoIsAloneHasAllOfIt) {
  auto hubs = Hubs({20000, 0, 0});
  Reader reader(&hubs, 64 * 1024);
  reader.Pump();
  EXPECT_GT(reader.prepared(), 63 * 1024u);
}

TEST(FairCredit, MorePartitionsThanThereIsRoomForAllGetSomethingInTheWorkersOrder) {
  auto hubs = Hubs(std::vector<int64_t>(300, 50));
  Reader reader(&hubs, 64 * 1024);
  std::minstd_rand random;
  for (int turn = 0; turn < 60; ++turn) {
    reader.Pump(random() % hubs.size());
    reader.Take(16 * 1024);
  }
  for (size_t i = 0; i < hubs.size(); ++i) EXPECT_GT(reader.taken[i], 0) << i;
}

TEST(Lag, CountsThoseWithoutRoom) {
  FakeHub hub;
  Fill(&hub.log, 10000);
  FakeSocket stuck(&hub, 1, 0, "", 8 * 1024);
  FakeSocket stopped(&hub, 2, 0);
  FakeSocket follows(&hub, 3, 10000);
  stuck.Start();
  follows.Start();
  for (int turn = 0; turn < 100; ++turn) {
    hub.Pump();
    follows.Take();
    hub.Sleep(milliseconds(200));
  }
  EXPECT_GT(hub.partition->Lag(), 9000);
  EXPECT_LT(hub.partition->Lag(), 10000) << "who has stopped does not count";
  EXPECT_FALSE(hub.partition->lacks_end());
}

TEST(Lag, IsKnownWithoutAnyScan) {
  FakeHub hub;
  Fill(&hub.log, 10000);
  FakeSocket stuck(&hub, 1, 0, "", 8 * 1024);
  stuck.Start();
  for (int turn = 0; turn < 100; ++turn) {
    hub.Pump();
    hub.Sleep(milliseconds(200));
  }
  ASSERT_EQ(hub.log.readers_open, 0);
  EXPECT_EQ(hub.partition->Lag(), -1);
  EXPECT_TRUE(hub.partition->lacks_end());
  hub.partition->SetEnd(10000);
  EXPECT_GT(hub.partition->Lag(), 9000);
  EXPECT_TRUE(hub.partition->lacks_end()) << "it is asked for again";
  stuck.Stop();
  EXPECT_EQ(hub.partition->Lag(), -1);
  EXPECT_FALSE(hub.partition->lacks_end());
}

}  // namespace
}  // namespace kasocki
