// Worker: the thread of one hub. It owns the librdkafka instances, the partitions and the cursors' side of the
// sessions.
//
// One turn: carry out commands, poll librdkafka, pump the partitions that have something to do, wait. It never touches
// Node, and blocks on nothing but its own mailbox.
#ifndef KASOCKI_ENGINE_WORKER_H_
#define KASOCKI_ENGINE_WORKER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/bounds_resolver.h"
#include "engine/counters.h"
#include "engine/evaluator.h"
#include "engine/events.h"
#include "engine/js_stage.h"
#include "engine/mailbox.h"
#include "engine/partition.h"
#include "engine/slow_lane.h"
#include "engine/subscriptions.h"
#include "engine/timers.h"
#include "engine/topic_directory.h"
#include "engine/topic_ids.h"
#include "engine/topic_lives.h"
#include "kafka/client.h"

namespace kasocki {

// How the worker gets its librdkafka instances: KafkaClient::Create, or a test's.
using ClientFactory =
    std::function<Result<std::unique_ptr<KafkaClient>>(KafkaClient::Role, std::function<void()> wake)>;

struct WorkerOptions {
  ClientFactory clients;
  OffsetReset offset_reset = OffsetReset::kLatest;
  PartitionOptions partition;
};

// Everything but the constructor runs on the worker's thread. Mailbox, outbox and counters outlive it.
class Worker : private PartitionHost {
 public:
  Worker(WorkerOptions options, Mailbox* mailbox, Outbox* outbox, Counters* counters);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // The thread's body: returns after Stop, with everything closed.
  void Run();

  // --- Commands.
  void Stop() { stopping_ = true; }
  void RequestTopics(RequestId request, std::chrono::milliseconds max_age, std::chrono::milliseconds timeout);
  void Describe(RequestId request, const std::vector<std::string>& topics);
  void AddSession(std::shared_ptr<Session> session);
  void RemoveSession(const std::shared_ptr<Session>& session);
  void Subscribe(std::shared_ptr<Session> session, Session::Generation generation, RequestId request,
                 std::vector<Assignment> assignments, const SubscribeOptions& options);
  void Join(const std::shared_ptr<Session>& session, Session::Generation generation,
            const std::vector<Assignment>& topics);
  // After Session::Unsubscribe.
  void RemoveEnded(const std::shared_ptr<Session>& session);
  void Wake(const std::shared_ptr<Session>& session);
  void Deserialized(RequestId request, std::vector<std::optional<std::string>> texts);
  void Matched(RequestId request, const std::vector<uint8_t>& verdicts);
  void SetToken(const std::string& token, int64_t expires_ms, const std::string& principal,
                const std::vector<std::pair<std::string, std::string>>& extensions);
  void FailToken(const std::string& reason);

 private:
  // PartitionHost.
  Result<std::unique_ptr<LogReader>> OpenReader(KafkaClient::Role role, Partition* partition, int64_t offset) override;
  void Evaluate(Partition* partition, std::vector<Needed>* needed) override;
  void FilterOverBudget(Session* session, const Partition& partition, int64_t offset) override;
  void SessionReady(SessionId session, std::chrono::milliseconds wait) override;
  void RequestBounds(Partition* partition) override;
  void PartitionFailed(Partition* partition, const std::vector<SessionId>& sessions, const Error& error) override;

  bool OpenClients();
  void CloseClients();
  void PollClients();
  void OnClientEvent(ClientEvent event);
  void AddCursor(const std::shared_ptr<Session>& session, Session::Generation generation, const TopicPartition& name,
                 const Stretch& stretch, Session::Announce announce);
  void RemoveCursor(Cursor* cursor);
  Partition* PartitionOf(const TopicPartition& name);
  std::set<std::string> TopicsRead() const;
  void OnTopicLife(const std::string& topic, TopicLife life);
  void PumpPartitions();
  void TellReady();
  void MeasureLag();
  void Tidy();
  void JudgeSlowly(const Partition& partition, Needed* need);
  SkipReport SkipsOf(const Partition& partition, ScanChunk* chunk);
  void GuardsOverran(const TopicPartition& name, const GuardOverruns& overruns);
  // Tells of what may come by the thousand, the first one at once, then at most once in `every`. `*event` gathers, by its
  // count, what is still to be told; while `*due`, that will be done in time.
  template <typename Event>
  void Report(Event* event, bool* due, std::chrono::milliseconds every);
  void MarkDirty(const Partition& partition) { dirty_.insert(partition.id()); }

  const WorkerOptions options_;
  Mailbox* const mailbox_;
  Outbox* const outbox_;
  Counters* const counters_;

  bool stopping_ = false;
  bool worked_ = false;          // since freed memory was given back
  std::optional<Error> broken_;  // the clients could not be made

  // In the order of construction; destroyed the other way round: readers before their clients.
  Timers timers_;
  std::unique_ptr<KafkaClient> tail_client_;
  std::unique_ptr<KafkaClient> catch_up_client_;
  std::unique_ptr<TopicDirectory> topics_;
  std::unique_ptr<BoundsResolver> bounds_;
  std::unique_ptr<TopicIds> topic_ids_;
  std::unique_ptr<TopicLives> topic_lives_;
  Evaluator evaluator_;
  std::unique_ptr<SlowLane> slow_lane_;
  JsStage js_stage_;
  std::unique_ptr<Subscriptions> subscriptions_;
  std::map<SessionId, std::shared_ptr<Session>> sessions_;
  std::map<TopicPartition, uint64_t> partition_ids_;
  std::map<uint64_t, std::unique_ptr<Partition>> partitions_;
  uint64_t next_partition_ = 1;

  std::set<uint64_t> dirty_;                                      // partitions to pump
  std::minstd_rand order_;                                        // which of them is first
  std::set<std::pair<Clock::time_point, uint64_t>> pump_timers_;  // partitions to pump later
  std::map<uint64_t, Clock::time_point> pump_timer_of_;
  std::vector<SessionId> ready_;   // to be told
  Clock::time_point ready_due_{};  // when, at the latest
  SkippedEvent skipped_;
  bool skip_report_due_ = false;
  GuardBudgetEvent guards_over_budget_;
  bool guard_report_due_ = false;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_WORKER_H_
