// One worker and several threads of clients that subscribe, filter, pause, take and drop their cursors at random, as hubs of several
// worker_threads do it: for TSan, and for whoever gets less, more or something else than he should.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "engine/mailbox.h"
#include "fake_log.h"

namespace kasocki {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kRecords = 6000;
constexpr int64_t kStep = 2;  // every so manieth record passes
constexpr int kThreads = 3;
constexpr int kClientsPerThread = 4;
constexpr size_t kCredit = 4096;
// Commands of a client that the worker has not carried out yet. Without a bound a client whose worker gets little of the
// processor drops each subscription before it is there, for ever.
constexpr int kMostPosted = 4;
constexpr int64_t kMostRounds = 50000000;  // whoever waits in vain gives up

// Filters that say the same in different words: each is a class of its own, and what passes does not depend on the moment.
constexpr const char* kFilters[] = {"{\"even\":true}", "{\"even\":[true]}", "{\"even\":\"/^true$/\"}",
                                    "{\"n\":\"/[02468]$/\"}"};

// The worker's thread: the log grows, commands are carried out, the partition is pumped.
class StressWorker {
 public:
  StressWorker() {
    for (const char* filter : kFilters) classes.push_back(hub_.ClassOf(filter));
    thread_ = std::thread([this] { Run(); });
  }
  ~StressWorker() {
    stopping_ = true;
    thread_.join();
  }
  StressWorker(const StressWorker&) = delete;
  StressWorker& operator=(const StressWorker&) = delete;

  // Runs on the worker's thread.
  void Post(std::function<void(FakeHub*)> command) {
    mailbox_.Post([this, command = std::move(command)] { command(&hub_); });
  }

  std::vector<std::shared_ptr<const FilterClass>> classes;  // constant after construction

 private:
  void Run() {
    std::vector<Mailbox::Command> commands;
    std::vector<uint64_t> marked;
    while (!stopping_) {
      commands.clear();
      mailbox_.Wait(Clock::now() + milliseconds(1), &commands, &marked);
      for (Mailbox::Command& command : commands) command();
      for (int i = 0; i < 50 && hub_.log.end < kRecords; ++i) {
        const int64_t n = hub_.log.end;
        hub_.log.Append("{\"n\":" + std::to_string(n) + ",\"even\":" + (n % kStep == 0 ? "true" : "false") + "}");
      }
      hub_.Pump();
      hub_.Sleep(milliseconds(20));
    }
  }

  FakeHub hub_;
  Mailbox mailbox_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// One socket, on a client's thread. When it drops its cursor it subscribes anew, behind what it has got.
class StressClient {
 public:
  StressClient(StressWorker* worker, SessionId first_id) : worker_(worker), next_id_(first_id) { Subscribe(); }
  ~StressClient() { Drop(); }
  StressClient(const StressClient&) = delete;
  StressClient& operator=(const StressClient&) = delete;

  bool done() const { return !offsets.empty() && offsets.back() >= kRecords - kStep; }

  void Act(std::mt19937* random) {
    if (*posted_ >= kMostPosted) return;
    switch ((*random)() % 40) {
      case 0:
        Drop();
        Subscribe();
        break;
      case 1:
      case 2:
        session_->SetWanting(false);
        break;
      case 3:
      case 4:
      case 5:
        session_->SetFilterClass(worker_->classes[(*random)() % worker_->classes.size()]);
        Wake();
        break;
      case 6:
      case 7:
        if (session_->SetWanting(true)) Wake();
        break;
      default:
        Take(1 + (*random)() % kCredit, 1 + (*random)() % 50);
    }
  }
  void Take(size_t max_bytes, size_t max_count) {
    bool credit = false;
    Taken taken = session_->Take(max_bytes, max_count, &credit);
    surprised |= taken.notice.has_value();
    for (const Segment& segment : taken.segments) {
      for (size_t i = segment.first; i < segment.last; ++i) offsets.push_back(segment.matches->matches[i].offset);
    }
    if (credit) Wake();
  }

  std::vector<int64_t> offsets;
  bool surprised = false;  // by a notice: nothing here calls for one

 private:
  void Post(std::function<void(FakeHub*)> command) {
    ++*posted_;
    worker_->Post([posted = posted_, command = std::move(command)](FakeHub* hub) {
      command(hub);
      --*posted;
    });
  }
  void Subscribe() {
    session_ =
        std::make_shared<Session>(next_id_++, kCredit, worker_->classes[0], nullptr, std::chrono::milliseconds(2));
    cursor_ = std::make_shared<Cursor*>(nullptr);
    const int64_t offset = offsets.empty() ? 0 : offsets.back() + 1;
    Post([session = session_, cursor = cursor_, offset](FakeHub* hub) {
      session->Expect(0, 1);
      *cursor = session->AddCursor(0, hub->partition->name(), {offset, {}, {}, {}}, Session::Announce::kNo);
      if (*cursor != nullptr) hub->partition->Add(*cursor);
    });
    if (session_->SetWanting(true)) Wake();
  }
  void Drop() {
    session_->Close();
    Post([session = session_, cursor = cursor_](FakeHub* hub) {
      if (*cursor != nullptr) hub->partition->Remove(*cursor);
    });
  }
  void Wake() {
    Post([session = session_, cursor = cursor_](FakeHub* hub) {
      if (*cursor != nullptr) hub->partition->Wake(*cursor, hub->now);
    });
  }

  StressWorker* const worker_;
  SessionId next_id_;
  const std::shared_ptr<std::atomic<int>> posted_ = std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<Session> session_;
  std::shared_ptr<Cursor*> cursor_;  // the pointer is the worker's alone; null: there is none
};

TEST(Stress, EachClientGetsExactlyWhatPassesWhateverItDoes) {
  std::vector<int64_t> expected;
  for (int64_t n = 0; n < kRecords; n += kStep) expected.push_back(n);
  StressWorker worker;
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t + 1);
      std::vector<std::unique_ptr<StressClient>> clients;
      for (int c = 0; c < kClientsPerThread; ++c) {
        clients.push_back(std::make_unique<StressClient>(&worker, (t * kClientsPerThread + c + 1) * 1000000));
      }
      size_t open = clients.size();
      for (int64_t round = 0; open > 0 && round < kMostRounds; ++round) {
        open = 0;
        for (auto& client : clients) {
          if (client->done()) continue;
          ++open;
          client->Act(&random);
        }
        std::this_thread::yield();
      }
      for (auto& client : clients) right += client->offsets == expected && !client->surprised;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kThreads * kClientsPerThread);
}

}  // namespace
}  // namespace kasocki
