#include "engine/worker.h"

#include <algorithm>
#include <utility>

#include "common/heap.h"

namespace kasocki {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestSleep{60000};
constexpr milliseconds kSkipReportEvery{1000};
constexpr milliseconds kLagEvery{1000};
constexpr std::chrono::minutes kBudgetReportEvery{1};
constexpr milliseconds kTidyEvery{5000};

}  // namespace

Worker::Worker(WorkerOptions options, Mailbox* mailbox, Outbox* outbox, Counters* counters)
    : options_(std::move(options)),
      mailbox_(mailbox),
      outbox_(outbox),
      counters_(counters),
      topics_(std::make_unique<TopicDirectory>(mailbox, &timers_)),
      evaluator_(counters, Evaluator::Patience::kShort),
      slow_lane_(std::make_unique<SlowLane>(mailbox, counters)),
      js_stage_(
          &evaluator_, slow_lane_.get(), [this](HubEvent event) { outbox_->Push(std::move(event)); },
          [this](uint64_t partition_id) { dirty_.insert(partition_id); },
          [this](const TopicPartition& name, const GuardOverruns& overruns) { GuardsOverran(name, overruns); }) {}

Worker::~Worker() = default;

void Worker::Run() {
  if (OpenClients()) {
    MeasureLag();
    Tidy();
  }
  std::vector<Mailbox::Command> commands;
  std::vector<uint64_t> marked;
  while (!stopping_) {
    // After a pump that left work the mailbox is emptied, not waited for.
    std::optional<Clock::time_point> until;
    if (dirty_.empty()) {
      until = timers_.Next(Clock::now() + kLongestSleep);
      if (!pump_timers_.empty()) until = std::min(*until, pump_timers_.begin()->first);
      if (!ready_.empty()) until = std::min(*until, ready_due_);
    }
    commands.clear();
    marked.clear();
    mailbox_->Wait(until, &commands, &marked);
    for (Mailbox::Command& command : commands) command();
    dirty_.insert(marked.begin(), marked.end());
    if (stopping_) break;
    worked_ |= !commands.empty() || !marked.empty();
    PollClients();
    timers_.Run(Clock::now());
    if (bounds_) bounds_->Send();
    if (topic_ids_) topic_ids_->Send();
    PumpPartitions();
    TellReady();
  }
  CloseClients();
}

bool Worker::OpenClients() {
  auto wake = [mailbox = mailbox_] { mailbox->Ring(); };
  for (auto [role, slot] : {std::pair{KafkaClient::Role::kTail, &tail_client_},
                            std::pair{KafkaClient::Role::kCatchUp, &catch_up_client_}}) {
    Result<std::unique_ptr<KafkaClient>> client = options_.clients(role, wake);
    if (!client.ok()) {
      broken_ = client.error();
      topics_->Refuse(*broken_);
      return false;
    }
    *slot = std::move(client.value());
  }
  bounds_ = std::make_unique<BoundsResolver>(catch_up_client_.get());
  topic_ids_ = std::make_unique<TopicIds>(catch_up_client_.get());
  topic_lives_ = std::make_unique<TopicLives>(
      topic_ids_.get(), &timers_, [this] { return TopicsRead(); },
      [this](const std::string& topic, TopicLife life) { OnTopicLife(topic, life); });
  subscriptions_ = std::make_unique<Subscriptions>(
      options_.offset_reset, topics_.get(), bounds_.get(), &timers_,
      [this](const std::shared_ptr<Session>& session, Session::Generation generation, const TopicPartition& name,
             const Stretch& stretch,
             Session::Announce announce) { AddCursor(session, generation, name, stretch, announce); },
      [this](HubEvent event) { outbox_->Push(std::move(event)); },
      [this](SessionId session) { SessionReady(session, {}); });
  topics_->Start(catch_up_client_.get());
  return true;
}

void Worker::CloseClients() {
  for (auto& [id, session] : sessions_) session->Close();
  slow_lane_.reset();
  partitions_.clear();
  topics_.reset();
  subscriptions_.reset();
  bounds_.reset();
  topic_lives_.reset();
  topic_ids_.reset();
  tail_client_.reset();
  catch_up_client_.reset();
  counters_->sessions = 0;
  counters_->cursors = 0;
  counters_->max_lag = -1;
  counters_->lags.Set({});
  outbox_->Push(ClosedEvent{});
}

void Worker::PollClients() {
  for (KafkaClient* client : {tail_client_.get(), catch_up_client_.get()}) {
    if (client == nullptr) continue;
    client->PollEvents([this](ClientEvent event) { OnClientEvent(std::move(event)); });
  }
}

void Worker::OnClientEvent(ClientEvent event) {
  if (auto* offsets = std::get_if<OffsetsEvent>(&event)) return bounds_->OnOffsets(*offsets);
  if (auto* ids = std::get_if<TopicIdsEvent>(&event)) return topic_ids_->OnTopicIds(*ids);
  if (auto* error = std::get_if<ErrorEvent>(&event); error != nullptr && error->authentication) {
    topics_->Refuse(error->error);
  }
  std::visit(
      [this](auto&& told) {
        if constexpr (std::is_constructible_v<HubEvent, decltype(std::move(told))>) outbox_->Push(std::move(told));
      },
      std::move(event));
}

void Worker::RequestTopics(RequestId request, milliseconds max_age, milliseconds timeout) {
  if (broken_) return outbox_->Push(TopicsEvent{request, *broken_, false});
  topics_->Request(max_age, timeout,
                   [this, request](const ClusterMetadata* metadata, const TopicDirectory::Failure* failure) {
                     if (failure != nullptr) {
                       return outbox_->Push(TopicsEvent{request, failure->error, failure->healable});
                     }
                     outbox_->Push(TopicsEvent{request, NamesOf(*metadata)});
                   });
}

void Worker::Describe(RequestId request, const std::vector<std::string>& topics) {
  if (broken_) return outbox_->Push(DescribedEvent{request, "", {}});
  topic_ids_->Ask(topics, [this, request, topics](const TopicIds::Ids& ids) {
    DescribedEvent event{request, catch_up_client_->ClusterId(), {}};
    event.ids.reserve(topics.size());
    for (const std::string& topic : topics) {
      auto found = ids.find(topic);
      event.ids.push_back(found == ids.end() ? "" : found->second);
    }
    outbox_->Push(std::move(event));
  });
}

void Worker::AddSession(std::shared_ptr<Session> session) {
  ++counters_->sessions;
  sessions_.emplace(session->id(), std::move(session));
}

void Worker::RemoveSession(const std::shared_ptr<Session>& session) {
  if (sessions_.erase(session->id()) == 0) return;
  --counters_->sessions;
  if (subscriptions_) subscriptions_->Forget(session->id());
  for (const std::unique_ptr<Cursor>& cursor : session->cursors) RemoveCursor(cursor.get());
}

void Worker::RemoveCursor(Cursor* cursor) {
  if (cursor->partition == nullptr) return;
  MarkDirty(*cursor->partition);
  cursor->partition->Remove(cursor);
}

void Worker::Subscribe(std::shared_ptr<Session> session, Session::Generation generation, RequestId request,
                       std::vector<Assignment> assignments, const SubscribeOptions& options) {
  if (broken_) return outbox_->Push(SubscribedEvent{session->id(), request, *broken_});
  subscriptions_->Subscribe(std::move(session), generation, request, std::move(assignments), options);
}

void Worker::Join(const std::shared_ptr<Session>& session, Session::Generation generation,
                  const std::vector<Assignment>& topics) {
  if (subscriptions_) subscriptions_->Join(session->id(), generation, topics);
}

void Worker::RemoveEnded(const std::shared_ptr<Session>& session) {
  for (const std::unique_ptr<Cursor>& cursor : session->RemoveEnded()) RemoveCursor(cursor.get());
  Wake(session);  // what was prepared for them gave its room back
}

void Worker::Wake(const std::shared_ptr<Session>& session) {
  Clock::time_point now = Clock::now();
  for (const std::unique_ptr<Cursor>& cursor : session->cursors) {
    if (cursor->partition == nullptr) continue;
    cursor->partition->Wake(cursor.get(), now);
    MarkDirty(*cursor->partition);
  }
}

void Worker::Deserialized(RequestId request, std::vector<std::optional<std::string>> texts) {
  js_stage_.Deserialized(request, std::move(texts));
}
void Worker::Matched(RequestId request, const std::vector<uint8_t>& verdicts) { js_stage_.Matched(request, verdicts); }

void Worker::SetToken(const std::string& token, int64_t expires_ms, const std::string& principal,
                      const std::vector<std::pair<std::string, std::string>>& extensions) {
  for (KafkaClient* client : {tail_client_.get(), catch_up_client_.get()}) {
    if (client == nullptr) continue;
    Result<bool> set = client->SetOAuthBearerToken(token, expires_ms, principal, extensions);
    if (!set.ok()) client->FailOAuthBearerToken(set.error().message);
  }
}

void Worker::FailToken(const std::string& reason) {
  for (KafkaClient* client : {tail_client_.get(), catch_up_client_.get()}) {
    if (client != nullptr) client->FailOAuthBearerToken(reason);
  }
}

Partition* Worker::PartitionOf(const TopicPartition& name) {
  auto [it, added] = partition_ids_.try_emplace(name, next_partition_);
  if (added) {
    partitions_[next_partition_] = std::make_unique<Partition>(next_partition_, name, options_.partition,
                                                               static_cast<PartitionHost*>(this), counters_);
    ++next_partition_;
  }
  return partitions_[it->second].get();
}

void Worker::AddCursor(const std::shared_ptr<Session>& session, Session::Generation generation,
                       const TopicPartition& name, const Stretch& stretch, Session::Announce announce) {
  if (!sessions_.contains(session->id())) return;
  Cursor* cursor = session->AddCursor(generation, name, stretch, announce);
  if (session->TakeNews()) SessionReady(session->id(), {});
  if (cursor == nullptr) return;
  Partition* partition = PartitionOf(name);
  partition->Add(cursor);
  partition->Wake(cursor, Clock::now());
  MarkDirty(*partition);
  topic_lives_->Read(name.topic);
}

std::set<std::string> Worker::TopicsRead() const {
  std::set<std::string> topics;
  for (const auto& [name, id] : partition_ids_) topics.insert(topics.end(), name.topic);
  return topics;
}

void Worker::OnTopicLife(const std::string& topic, TopicLife life) {
  constexpr int32_t kFirstPartition = 0;
  for (auto it = partition_ids_.lower_bound({topic, kFirstPartition});
       it != partition_ids_.end() && it->first.topic == topic; ++it) {
    Partition& partition = *partitions_.at(it->second);
    partition.SetLife(life, Clock::now());
    MarkDirty(partition);
  }
}

void Worker::PumpPartitions() {
  Clock::time_point now = Clock::now();
  while (!pump_timers_.empty() && pump_timers_.begin()->first <= now) {
    dirty_.insert(pump_timers_.begin()->second);
    pump_timer_of_.erase(pump_timers_.begin()->second);
    pump_timers_.erase(pump_timers_.begin());
  }
  std::vector<uint64_t> dirty(dirty_.begin(), dirty_.end());
  dirty_.clear();
  // With thousands of partitions a session's credit does not do for all that could use it: none is always the first.
  if (!dirty.empty()) std::rotate(dirty.begin(), dirty.begin() + order_() % dirty.size(), dirty.end());
  for (uint64_t id : dirty) {
    auto it = partitions_.find(id);
    if (it == partitions_.end()) continue;  // a late mark of a partition that is gone
    Partition& partition = *it->second;
    if (partition.Pump(now)) MarkDirty(partition);
    if (auto timer = pump_timer_of_.find(id); timer != pump_timer_of_.end()) {
      pump_timers_.erase({timer->second, id});
      pump_timer_of_.erase(timer);
    }
    if (partition.unused()) {
      dirty_.erase(id);
      partition_ids_.erase(partition.name());
      partitions_.erase(it);
    } else if (partition.timer()) {
      pump_timers_.insert({*partition.timer(), id});
      pump_timer_of_[id] = *partition.timer();
    }
  }
}

void Worker::SessionReady(SessionId session, milliseconds wait) {
  const Clock::time_point due = wait > milliseconds(0) ? Clock::now() + wait : Clock::time_point();
  ready_due_ = ready_.empty() ? due : std::min(ready_due_, due);
  ready_.push_back(session);
}

void Worker::TellReady() {
  if (!ready_.empty() && Clock::now() >= ready_due_) outbox_->PushReady(&ready_);
}

Result<std::unique_ptr<LogReader>> Worker::OpenReader(KafkaClient::Role role, Partition* partition, int64_t offset) {
  KafkaClient* client = role == KafkaClient::Role::kTail ? tail_client_.get() : catch_up_client_.get();
  return client->OpenReader(partition->name(), offset,
                            [mailbox = mailbox_, id = partition->id()] { mailbox->MarkPartition(id); });
}

void Worker::Evaluate(Partition* partition, std::vector<Needed>* needed) {
  // Native classes chunk by chunk, all classes of a chunk together.
  std::map<ScanChunk*, std::vector<Needed*>> native;
  for (Needed& need : *needed) {
    if (need.filter_class->needs_javascript()) {
      js_stage_.Request(partition->id(), partition->name(), need.chunk, need.filter_class,
                        SkipsOf(*partition, need.chunk.get()));
      if (need.filter_class->decoder == 0) need.chunk->skips_counted = true;
    } else if (need.filter_class->slow) {
      JudgeSlowly(*partition, &need);
    } else {
      native[need.chunk.get()].push_back(&need);
    }
  }
  for (auto& [chunk, needs] : native) {
    // In the same order every time: the evaluator then knows them again.
    auto by_id = [](const Needed* a, const Needed* b) { return a->filter_class->id < b->filter_class->id; };
    if (!std::is_sorted(needs.begin(), needs.end(), by_id)) std::sort(needs.begin(), needs.end(), by_id);
    std::vector<std::shared_ptr<const FilterClass>> classes;
    classes.reserve(needs.size());
    for (const Needed* need : needs) classes.push_back(need->filter_class);
    auto results = evaluator_.Evaluate(*chunk->records, partition->name(), classes, SkipsOf(*partition, chunk));
    GuardsOverran(partition->name(), evaluator_.TakeGuardOverruns());
    chunk->skips_counted = true;
    chunk->results.Reserve(classes.size());
    for (size_t i = 0; i < needs.size(); ++i) {
      if (results[i]) {
        chunk->results.Set(classes[i]->id, std::move(results[i]));
      } else {
        JudgeSlowly(*partition, needs[i]);
      }
    }
  }
}

// Has the slow lane do it.
void Worker::JudgeSlowly(const Partition& partition, Needed* need) {
  auto job = std::make_shared<SlowJob>();
  job->partition = partition.name();
  job->from = need->chunk->from;
  job->to = need->chunk->to;
  job->records = need->chunk->records;
  job->filter_class = need->filter_class;
  job->skipped = SkipsOf(partition, need->chunk.get());
  job->done = [this, id = partition.id()](const SlowJob& done) {
    GuardsOverran(done.partition, done.guard_overruns);
    dirty_.insert(id);
  };
  need->apart = true;
  need->job = slow_lane_->Judge(job);
  if (need->job == job) need->chunk->skips_counted = true;
}

void Worker::FilterOverBudget(Session* session, const Partition& partition, int64_t offset) {
  const Clock::time_point now = Clock::now();
  if (now < session->next_budget_report) return;
  session->next_budget_report = now + kBudgetReportEvery;
  const std::shared_ptr<const Filter>& filter = session->filter_class()->filter;
  if (filter == nullptr) return;  // it was changed this very moment
  const TopicPartition& name = partition.name();
  const std::string where =
      name.topic + "\", partition " + std::to_string(name.partition) + ", offset " + std::to_string(offset);
  outbox_->Push(SessionsErrorEvent{
      {session->id()},
      Error{ErrorKind::kFilterBudget,
            "The filter took more than " + std::to_string(filter->max_steps()) +
                " steps on a message, which was taken for one that does not match (topic \"" + where + ")",
            ""}});
}

template <typename Event>
void Worker::Report(Event* event, bool* due, milliseconds every) {
  *due = event->count > 0;
  if (!*due) return;
  outbox_->Push(std::exchange(*event, Event{}));
  timers_.At(Clock::now() + every, [this, event, due, every] { Report(event, due, every); });
}

SkipReport Worker::SkipsOf(const Partition& partition, ScanChunk* chunk) {
  if (chunk->skips_counted) return [](int64_t, const std::string&) {};
  return [this, name = partition.name()](int64_t offset, const std::string& reason) {
    ++counters_->records_skipped;
    if (++skipped_.count > 1) return;
    skipped_.topic = name.topic;
    skipped_.partition = name.partition;
    skipped_.offset = offset;
    skipped_.reason = reason;
    if (!skip_report_due_) Report(&skipped_, &skip_report_due_, kSkipReportEvery);
  };
}

void Worker::GuardsOverran(const TopicPartition& name, const GuardOverruns& overruns) {
  if (overruns.count == 0) return;
  guards_over_budget_.count += overruns.count;
  guards_over_budget_.topic = name.topic;
  guards_over_budget_.partition = name.partition;
  guards_over_budget_.offset = overruns.offset;
  if (!guard_report_due_) Report(&guards_over_budget_, &guard_report_due_, kBudgetReportEvery);
}

void Worker::RequestBounds(Partition* partition) {
  topic_lives_->Ask(partition->name().topic, [this, name = partition->name(), id = partition->id()] {
    bounds_->Ask(name, [this, id](const Result<LogBounds>& bounds) {
      auto it = partitions_.find(id);
      if (it == partitions_.end()) return;
      it->second->SetBounds(bounds, Clock::now());
      dirty_.insert(id);
    });
  });
}

void Worker::PartitionFailed(Partition*, const std::vector<SessionId>& sessions, const Error& error) {
  if (!sessions.empty()) outbox_->Push(SessionsErrorEvent{sessions, error});
}

void Worker::Tidy() {
  evaluator_.Tidy();
  // An idle hub frees nothing.
  if (worked_) worked_ = !ReleaseFreedMemory();
  timers_.At(Clock::now() + kTidyEvery, [this] { Tidy(); });
}

void Worker::MeasureLag() {
  int64_t max_lag = -1;
  std::vector<PartitionLag> lags;
  for (const auto& [id, partition] : partitions_) {
    const int64_t lag = partition->Lag();
    if (partition->lacks_end()) {
      bounds_->AskEnd(partition->name(), [this, id = id](const Result<int64_t>& end) {
        auto it = partitions_.find(id);
        if (it != partitions_.end() && end.ok()) it->second->SetEnd(end.value());
      });
    }
    if (lag < 0) continue;
    max_lag = std::max(max_lag, lag);
    lags.push_back({partition->name().topic, partition->name().partition, lag});
  }
  counters_->max_lag = max_lag;
  counters_->lags.Set(std::move(lags));
  timers_.At(Clock::now() + kLagEvery, [this] { MeasureLag(); });
}

}  // namespace kasocki
