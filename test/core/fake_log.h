// A Kafka partition in memory, and a hub around one Partition with a clock that the test moves.
#ifndef KASOCKI_TEST_CORE_FAKE_LOG_H_
#define KASOCKI_TEST_CORE_FAKE_LOG_H_

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/evaluator.h"
#include "engine/partition.h"

namespace kasocki {

// Offsets from `from` on, below `to`.
inline std::vector<int64_t> Range(int64_t from, int64_t to, int64_t step = 1) {
  std::vector<int64_t> range;
  for (int64_t i = from; i < to; i += step) range.push_back(i);
  return range;
}

// Records by offset; offsets may be missing, as compaction and transactions leave them.
struct FakeLog {
  int64_t begin = 0;
  int64_t end = 0;
  std::vector<std::pair<int64_t, std::string>> records;
  std::optional<Error> error;  // readers report it
  uint64_t handed_over = 0;    // records read by all readers together
  int readers_opened = 0;
  int readers_open = 0;

  void Append(std::string value) { records.emplace_back(end++, std::move(value)); }
  // An offset without a record.
  void AppendHole() { ++end; }
  // Records above are lost; the next one is written at `offset`.
  void Truncate(int64_t offset) {
    end = offset;
    std::erase_if(records, [offset](const auto& record) { return record.first >= offset; });
  }
  void DeleteBelow(int64_t offset) {
    begin = offset;
    std::erase_if(records, [offset](const auto& record) { return record.first < offset; });
  }
};

class FakeReader : public LogReader {
 public:
  FakeReader(FakeLog* log, int64_t offset) : log_(log), position_(offset) {
    ++log_->readers_opened;
    ++log_->readers_open;
  }
  ~FakeReader() override { --log_->readers_open; }

  ReadOutcome Read(size_t max_records, const RecordSink& sink) override {
    ReadOutcome outcome;
    if (log_->error) {
      outcome.error = log_->error;
    } else if (position_ < log_->begin || position_ > log_->end) {
      outcome.out_of_range = true;
    } else {
      auto it = std::partition_point(log_->records.begin(), log_->records.end(),
                                     [this](const auto& record) { return record.first < position_; });
      for (; it != log_->records.end() && outcome.records < max_records; ++it, ++outcome.records) {
        RecordView view;
        view.offset = it->first;
        view.timestamp = 1000 + it->first;
        view.value = it->second;
        sink(view);
        position_ = it->first + 1;
      }
      log_->handed_over += outcome.records;
      if (it == log_->records.end()) position_ = log_->end;
      outcome.at_end = position_ == log_->end;
    }
    outcome.position = position_;
    return outcome;
  }
  int64_t KnownEnd() const override { return log_->end; }

 private:
  FakeLog* const log_;
  int64_t position_;
};

// The hub's part for one partition.
class FakeHub : public PartitionHost {
 public:
  explicit FakeHub(PartitionOptions options = {})
      : evaluator(&counters),
        partition(std::make_unique<Partition>(1, TopicPartition{"topic", 0}, options, this, &counters)) {}

  Result<std::unique_ptr<LogReader>> OpenReader(KafkaClient::Role, Partition*, int64_t offset) override {
    if (refuses_readers) return Error{ErrorKind::kKafka, "Local: Conflicting use", "_CONFLICT"};
    woken = true;  // by the first fetch response
    return std::unique_ptr<LogReader>(std::make_unique<FakeReader>(&log, offset));
  }
  void Evaluate(Partition* evaluated, std::vector<Needed>* needed) override {
    for (Needed& need : *needed) {
      if (javascript_classes.contains(need.filter_class->id)) {
        asked_javascript.push_back(need);
        continue;
      }
      if (slow_classes.contains(need.filter_class->id)) {
        JudgeSlowly(&need);
        continue;
      }
      auto results = evaluator.Evaluate(*need.chunk->records, evaluated->name(), {need.filter_class},
                                        [](int64_t, const std::string&) {});
      found.push_back(results[0]);
      need.chunk->results.Set(need.filter_class->id, results[0]);
    }
    if (on_evaluated) on_evaluated();
  }
  void FilterOverBudget(Session* session, const Partition&, int64_t offset) override {
    over_budget.emplace_back(session->id(), offset);
  }
  void SessionReady(SessionId session, std::chrono::milliseconds wait) override {
    ready.insert(session);
    ++(wait > std::chrono::milliseconds(0) ? told_in_a_while : told_at_once);
  }
  void RequestBounds(Partition*) override { bounds_requested = true; }
  void PartitionFailed(Partition*, const std::vector<SessionId>& sessions, const Error& error) override {
    failures.emplace_back(sessions, error.code);
  }

  // A slow lane that does nothing by itself, and has room for so many jobs.
  void JudgeSlowly(Needed* need) {
    need->apart = true;
    std::erase_if(slow_jobs, [](const auto& job) { return !job->wanted; });
    for (const std::shared_ptr<SlowJob>& job : slow_jobs) {
      if (job->records == need->chunk->records && job->filter_class == need->filter_class) need->job = job;
    }
    if (need->job || slow_jobs.size() >= slow_room) return;
    need->job = slow_jobs.emplace_back(std::make_shared<SlowJob>());
    need->job->from = need->chunk->from;
    need->job->to = need->chunk->to;
    need->job->records = need->chunk->records;
    need->job->filter_class = need->filter_class;
  }
  // Finishes the jobs that there are; returns how many were still wanted.
  size_t FinishSlowJobs() {
    size_t wanted = 0;
    for (const std::shared_ptr<SlowJob>& job : std::exchange(slow_jobs, {})) {
      if (!job->wanted) continue;
      ++wanted;
      job->found = evaluator.Evaluate(*job->records, partition->name(), {job->filter_class},
                                      [](int64_t, const std::string&) {})[0];
    }
    return wanted;
  }

  // Answers what classes that need JavaScript have asked.
  void AnswerJavaScript() {
    for (const Needed& need : std::exchange(asked_javascript, {})) {
      auto results = evaluator.Evaluate(*need.chunk->records, partition->name(), {need.filter_class},
                                        [](int64_t, const std::string&) {});
      need.chunk->results.Set(need.filter_class->id, results[0]);
    }
    woken = true;
  }

  // Pumps until nothing moves, as the worker would without the clock going on.
  void Pump() {
    for (int turn = 0; turn < 10000; ++turn) {
      bool more = partition->Pump(now);
      more |= std::exchange(woken, false);
      if (bounds_requested) {
        bounds_requested = false;
        partition->SetBounds(LogBounds{log.begin, log.end}, now);
        more = true;
      }
      if (!more) return;
    }
  }
  void Sleep(std::chrono::milliseconds duration) { now += duration; }

  std::shared_ptr<const FilterClass> ClassOf(const std::string& filter) {
    std::shared_ptr<const Filter> compiled;
    if (!filter.empty()) compiled = Filter::Compile(filter, limits).value();
    return classes.Class(compiled, 0, 0, classes.Format("/", MetadataStyle{}, 1024));
  }

  FakeLog log;
  Counters counters;
  FilterClasses classes;
  Evaluator evaluator;
  Clock::time_point now{};
  FilterLimits limits;
  std::set<SessionId> ready;
  std::set<uint64_t> slow_classes;  // by id
  size_t slow_room = SIZE_MAX;
  std::set<uint64_t> javascript_classes;  // by id
  std::vector<Needed> asked_javascript;
  std::vector<std::shared_ptr<SlowJob>> slow_jobs;
  std::vector<std::weak_ptr<const Matches>> found;  // by evaluations, as far as anybody still has it
  std::vector<std::pair<SessionId, int64_t>> over_budget;
  int told_at_once = 0;
  int told_in_a_while = 0;
  bool woken = false;
  bool refuses_readers = false;
  bool bounds_requested = false;
  std::vector<std::pair<std::vector<SessionId>, std::string>> failures;
  std::function<void()> on_evaluated;  // called at the end of each evaluation
  std::unique_ptr<Partition> partition;
};

// A socket on that partition.
class FakeSocket {
 public:
  FakeSocket(FakeHub* hub, SessionId id, int64_t offset, const std::string& filter = "", size_t credit = 64 * 1024,
             Bound until = {}, int64_t skip_lag = Session::kNeverSkip)
      : hub_(hub),
        session_(std::make_shared<Session>(id, credit, hub->ClassOf(filter), nullptr, std::chrono::milliseconds(2))) {
    session_->Expect(0, 1);
    session_->SetBounded(0, until.offset != Bound::kNone || until.time >= 0);
    session_->SetSkipLag(0, skip_lag);
    cursor_ = session_->AddCursor(0, hub->partition->name(), {offset, {}, until, {}}, Session::Announce::kNo);
    hub_->partition->Add(cursor_);
  }
  ~FakeSocket() { Close(); }
  FakeSocket(const FakeSocket&) = delete;
  FakeSocket& operator=(const FakeSocket&) = delete;

  void Start() {
    if (session_->SetWanting(true)) Wake();
  }
  void Stop() { session_->SetWanting(false); }
  void Filter(const std::string& filter) {
    session_->SetFilterClass(hub_->ClassOf(filter));
    Wake();
  }
  // Takes and notes offsets, or a notice; returns how many.
  size_t Take(size_t max_bytes = SIZE_MAX / 2, size_t max_count = SIZE_MAX / 2) {
    bool credit = false;
    size_t count = 0;
    Taken taken = session_->Take(max_bytes, max_count, &credit);
    if (taken.notice) {
      notices.push_back(std::to_string(offsets.size()) + " " + Describe(*taken.notice));
      if (auto* gap = std::get_if<GapNotice>(&*taken.notice)) gaps.push_back({offsets.size(), gap->from, gap->to});
      count = 1;
    }
    for (const Segment& segment : taken.segments) {
      for (size_t i = segment.first; i < segment.last; ++i, ++count) {
        offsets.push_back(segment.matches->matches[i].offset);
        payloads.emplace_back(segment.matches->Payload(segment.matches->matches[i]));
      }
    }
    if (credit) Wake();
    return count;
  }
  // Takes all there is to get at this moment.
  void Drain() {
    do {
      hub_->Pump();
    } while (Take() > 0);
  }
  void Close() {
    if (cursor_ == nullptr) return;
    session_->Close();
    hub_->partition->Remove(cursor_);
    cursor_ = nullptr;
  }
  Session& session() { return *session_; }

  std::vector<int64_t> offsets;
  std::vector<std::string> payloads;
  std::vector<std::string> notices;  // each behind the number of messages before it
  struct Gap {
    size_t messages_before;
    int64_t from;
    int64_t to;
  };
  std::vector<Gap> gaps;

 private:
  static std::string Describe(const Notice& notice) {
    if (auto* gap = std::get_if<GapNotice>(&notice)) {
      const char* reasons[] = {"retention", "skipped", "truncated"};
      return std::string(reasons[static_cast<int>(gap->reason)]) + " " + std::to_string(gap->from) + " to " +
             std::to_string(gap->to);
    }
    return "end at " + std::to_string(std::get<EndNotice>(notice).ended.at(0).offset);
  }
  void Wake() { hub_->partition->Wake(cursor_, hub_->now); }

  FakeHub* const hub_;
  std::shared_ptr<Session> session_;
  Cursor* cursor_ = nullptr;
};

}  // namespace kasocki

#endif  // KASOCKI_TEST_CORE_FAKE_LOG_H_
