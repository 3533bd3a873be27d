// A class comes here when it took too long in the company of others (CostWatch), or when one of its evaluations was broken
// off (FilterRun). It goes back when its chunks have taken no longer than others' for a while: then it was the records, or
// the machine was busy.
#include "engine/slow_lane.h"

#include <time.h>

#include <algorithm>
#include <utility>

namespace kasocki {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kTurn{5};
// What jobs may hold in memory together, and how many of them a class may have.
constexpr size_t kMostBytes = 16 << 20;
constexpr size_t kMostJobsOfAClass = 8;
// After so many chunks that took no longer than others' a class goes back.
constexpr uint32_t kShortInARow = 8;
// What finding and checking the records takes besides, for a byte.
constexpr int64_t kNanosecondsPerByte = 2;

// Time that this thread was at work, which others on a busy machine do not add to.
nanoseconds ThreadTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

size_t SizeOf(const SlowJob& job) { return job.records ? job.records->memory() : 0; }

}  // namespace

SlowLane::SlowLane(Mailbox* mailbox, Counters* counters)
    : mailbox_(mailbox), counters_(counters), evaluator_(counters, Evaluator::Patience::kEndless) {}

SlowLane::~SlowLane() {
  stopping_ = true;
  {
    std::lock_guard lock(mutex_);
    queues_.clear();
    turns_.clear();
  }
  bell_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// ---- The worker's side

std::shared_ptr<SlowJob> SlowLane::Judge(std::shared_ptr<SlowJob> job) {
  size_t of_class = 0;
  for (const std::shared_ptr<SlowJob>& other : jobs_) {
    if (other->wanted && IsSame(*other, *job)) return other;
    if (other->filter_class == job->filter_class) ++of_class;
  }
  if (of_class >= kMostJobsOfAClass || (!jobs_.empty() && bytes_ + SizeOf(*job) > kMostBytes)) return nullptr;
  Start(job);
  return job;
}

void SlowLane::JudgeAnyway(std::shared_ptr<SlowJob> job) { Start(std::move(job)); }

void SlowLane::Start(std::shared_ptr<SlowJob> job) {
  job->filter_class->slow = true;
  ++counters_->slow_chunks;
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  bytes_ += SizeOf(*job);
  jobs_.push_back(job);
  Queue(std::move(job), false);
}

void SlowLane::Finish(const std::shared_ptr<SlowJob>& job) {
  bytes_ -= SizeOf(*job);
  std::erase(jobs_, job);
  if (!job->wanted) return;
  const size_t count = job->texts ? job->texts->texts.size() : job->records->size();
  const size_t bytes = job->records ? job->records->data_bytes() : 0;
  const nanoseconds filtering = job->taken - nanoseconds(static_cast<int64_t>(bytes) * kNanosecondsPerByte);
  const FilterClass& filter_class = *job->filter_class;
  const bool is_short = filtering < kLongForAChunk / 2 && count > 0;
  filter_class.short_in_a_row = is_short ? filter_class.short_in_a_row + 1 : 0;
  if (filter_class.short_in_a_row >= kShortInARow) {
    filter_class.slow = false;
    filter_class.short_in_a_row = 0;
  }
  for (const auto& [offset, reason] : job->skips) job->skipped(offset, reason);
  auto frames = std::make_shared<std::string>(std::move(job->frames));
  job->matches.frames = std::move(frames);
  job->found = std::make_shared<const Matches>(std::move(job->matches));
  job->done(*job);
}

// ---- The lane's thread's side

void SlowLane::Queue(std::shared_ptr<SlowJob> job, bool first) {
  {
    std::lock_guard lock(mutex_);
    const uint64_t id = job->filter_class->id;
    auto& queue = queues_[id];
    if (queue.empty()) turns_.push_back(id);
    queue.insert(first ? queue.begin() : queue.end(), std::move(job));
  }
  bell_.notify_one();
}

std::shared_ptr<SlowJob> SlowLane::Take() {
  std::unique_lock lock(mutex_);
  bell_.wait(lock, [this] { return stopping_ || !turns_.empty(); });
  if (stopping_) return nullptr;
  const auto queue = queues_.find(turns_.front());
  turns_.pop_front();
  std::shared_ptr<SlowJob> job = std::move(queue->second.front());
  queue->second.pop_front();
  if (queue->second.empty()) {
    queues_.erase(queue);
  } else {
    turns_.push_back(queue->first);
  }
  return job;
}

void SlowLane::Run() {
  while (std::shared_ptr<SlowJob> job = Take()) {
    if (Work(job.get())) {
      evaluator_.Tidy();
      mailbox_->Post([this, job] { Finish(job); });
    } else {
      Queue(std::move(job), true);
    }
  }
}

// True: there is nothing more to do.
bool SlowLane::Work(SlowJob* job) {
  const size_t count = job->texts ? job->texts->texts.size() : job->records->size();
  const nanoseconds begin = ThreadTime();
  nanoseconds now = begin;
  for (size_t step = 1; job->next < count && now - begin < kTurn; step *= 2) {
    if (stopping_ || !job->wanted) return true;
    Judge(job, std::min(job->next + step, count));
    const nanoseconds before = std::exchange(now, ThreadTime());
    if (now - before > kTurn / 4) step = 1;
  }
  job->taken += now - begin;
  return job->next == count;
}

void SlowLane::Judge(SlowJob* job, size_t last) {
  std::shared_ptr<const Matches> part;
  if (job->texts) {
    part = evaluator_.EvaluateTexts(*job->texts, *job->filter_class, job->next, last);
  } else {
    part = evaluator_.Evaluate(
        *job->records, job->partition, {job->filter_class},
        [job](int64_t offset, const std::string& reason) { job->skips.emplace_back(offset, reason); }, job->next,
        last)[0];
  }
  job->next = last;
  for (const Matches::Match& match : part->matches) {
    job->matches.Add(match.offset, job->frames.size(), match.frame);
    job->frames.append(part->Frame(match));
  }
  job->matches.last_over_budget = std::max(job->matches.last_over_budget, part->last_over_budget);
  job->guard_overruns.Add(evaluator_.TakeGuardOverruns());
}

}  // namespace kasocki
