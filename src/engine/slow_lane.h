// SlowLane: a thread of its own for filters that take long, so that only those wait who have such a filter.
//
// The worker hands over a chunk of records and a class; what was found comes back as a command in its mailbox. Classes
// take turns of some milliseconds, whatever the number of their chunks. The thread starts with the first job.
#ifndef KASOCKI_ENGINE_SLOW_LANE_H_
#define KASOCKI_ENGINE_SLOW_LANE_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/counters.h"
#include "engine/evaluator.h"
#include "engine/filter_class.h"
#include "engine/mailbox.h"
#include "engine/matches.h"
#include "engine/scan.h"
#include "kafka/client.h"

namespace kasocki {

// One class on one chunk.
struct SlowJob {
  // Constant once it was handed over. Either records or texts.
  TopicPartition partition;
  int64_t from = 0;  // the offsets that it is about
  int64_t to = 0;
  std::shared_ptr<const RecordChunk> records;
  std::shared_ptr<const MessageTexts> texts;
  std::shared_ptr<const FilterClass> filter_class;
  std::function<void(const SlowJob&)> done;  // called on the worker, unless nobody wanted it any more
  SkipReport skipped;                        // called on the worker before `done`

  // Cleared by the worker when nobody waits for it any more.
  std::atomic<bool> wanted{true};

  // The worker's alone: how many cursors wait for it; and what was found, null before it is done.
  size_t waiting = 0;
  std::shared_ptr<const Matches> found;

  // To be told once it is done.
  GuardOverruns guard_overruns;

  // The lane's thread's alone until it is done.
  size_t next = 0;
  Matches matches;
  std::string frames;
  std::vector<std::pair<int64_t, std::string>> skips;
  std::chrono::nanoseconds taken{0};
};

// Used by the worker alone, which outlives it.
class SlowLane {
 public:
  SlowLane(Mailbox* mailbox, Counters* counters);
  ~SlowLane();
  SlowLane(const SlowLane&) = delete;
  SlowLane& operator=(const SlowLane&) = delete;

  // What is asked for is given in the job's constant part. The same question gets the same job. Null: there is too much to
  // do already; try again later.
  std::shared_ptr<SlowJob> Judge(std::shared_ptr<SlowJob> job);

  // The same, even if there is too much to do. For those that are bounded otherwise.
  void JudgeAnyway(std::shared_ptr<SlowJob> job);

 private:
  static bool IsSame(const SlowJob& a, const SlowJob& b) {
    return a.records == b.records && a.texts == b.texts && a.filter_class == b.filter_class;
  }

  // --- The worker's side.
  void Start(std::shared_ptr<SlowJob> job);
  void Finish(const std::shared_ptr<SlowJob>& job);

  // --- The lane's thread's.
  void Run();
  std::shared_ptr<SlowJob> Take();
  void Queue(std::shared_ptr<SlowJob> job, bool first);
  bool Work(SlowJob* job);
  void Judge(SlowJob* job, size_t last);

  // Constant after construction.
  Mailbox* const mailbox_;
  Counters* const counters_;

  // The worker's alone.
  std::vector<std::shared_ptr<SlowJob>> jobs_;  // under way
  size_t bytes_ = 0;                            // of their records
  std::thread thread_;

  // The lane's thread's alone.
  Evaluator evaluator_;

  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable bell_;
  // Guarded by mutex_: what is to be done, by class, and the classes in the order of their turns.
  std::map<uint64_t, std::deque<std::shared_ptr<SlowJob>>> queues_;
  std::deque<uint64_t> turns_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_SLOW_LANE_H_
