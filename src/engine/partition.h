// Partition: the cursors and the scans of one topic-partition.
//
// At most two scans read it: the tail, which follows its end, and one catch-up scan for cursors that are behind. The rules:
//
//   board      A cursor that wants records and has half of its credit free boards the scan whose interval it touches.
//   wait       Otherwise it waits; a catch-up scan starts at the lowest waiting cursor and picks up the others on its way.
//   pace       A catch-up scan drops its oldest chunk only when every cursor on it has passed it, those excepted that
//              made no progress for `hold` (longer where those who do take longer): they get off, and board again when
//              their credit allows.
//   hand over  At the end of the log the catch-up scan starts the tail, which inherits its chunks; cursors change over
//              when the intervals touch. The tail waits for nobody: it keeps the last `tail_bytes`. One that waits near
//              the end does not wait for a catch-up scan to get there.
//   turns      A cursor that waited for `patience` is read for, even if the scan must leave its riders for it.
//   apart      A cursor whose filter takes long gets off with the chunk that it is at, and boards again when that has been
//              judged. Nobody waits for it.
//
// partition.cc has all but the last, which is in apart.cc. Used by the worker alone.
#ifndef KASOCKI_ENGINE_PARTITION_H_
#define KASOCKI_ENGINE_PARTITION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/counters.h"
#include "engine/cursor.h"
#include "engine/scan.h"
#include "engine/session.h"
#include "engine/slow_lane.h"
#include "kafka/client.h"

namespace kasocki {

struct PartitionOptions {
  size_t read_batch = 500;                   // records a read
  size_t tail_bytes = 1 << 20;               // kept behind the tail for cursors that fall back a little
  size_t catch_up_bytes = 1 << 20;           // buffered by a catch-up scan
  std::chrono::milliseconds hold{200};       // how long a catch-up scan waits for a cursor without progress
  std::chrono::milliseconds patience{1000};  // how long a cursor waits before the scan turns to it
  std::chrono::milliseconds linger{5000};    // how long a scan nobody rides is kept
};

// What a partition asks of its hub.
class PartitionHost {
 public:
  virtual ~PartitionHost() = default;
  virtual Result<std::unique_ptr<LogReader>> OpenReader(KafkaClient::Role role, Partition* partition,
                                                        int64_t offset) = 0;
  // Evaluates, and stores what is found in the chunks; what needs JavaScript is stored later, followed by a Pump. What
  // takes long is said to be done apart: by a job, whose end is followed by a Pump, or, without one, some time later if it
  // is asked for again.
  struct Needed {
    std::shared_ptr<ScanChunk> chunk;
    std::shared_ptr<const FilterClass> filter_class;
    bool apart = false;
    std::shared_ptr<SlowJob> job = nullptr;
  };
  virtual void Evaluate(Partition* partition, std::vector<Needed>* needed) = 0;
  // The session passes a record that its filter took too many steps for.
  virtual void FilterOverBudget(Session* session, const Partition& partition, int64_t offset) = 0;
  // The session has something to take, and is to be told so within `wait`.
  virtual void SessionReady(SessionId session, std::chrono::milliseconds wait) = 0;
  // Asks which life the topic is in, and then where the log begins and ends. Partition::SetLife, if that is known, and
  // Partition::SetBounds answer.
  virtual void RequestBounds(Partition* partition) = 0;
  // The partition can't be read. Told once until it can be read again.
  virtual void PartitionFailed(Partition* partition, const std::vector<SessionId>& sessions, const Error& error) = 0;
};

class Partition {
 public:
  Partition(uint64_t id, TopicPartition name, const PartitionOptions& options, PartitionHost* host, Counters* counters);
  ~Partition();
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  uint64_t id() const { return id_; }
  const TopicPartition& name() const { return name_; }

  // A cursor with a position.
  void Add(Cursor* cursor);
  void Remove(Cursor* cursor);
  // The cursor's session wants records, has credit again, or has moved back.
  void Wake(Cursor* cursor, Clock::time_point now);

  // Does what can be done now, a bounded amount. True: call again soon, there is more.
  bool Pump(Clock::time_point now);
  // When Pump must be called though nothing arrived; nullopt: never.
  std::optional<Clock::time_point> timer() const { return timer_; }

  // Which life of the topic Kafka told of, after all cursors here got their positions. Those that are of another one
  // begin at the new log's beginning, once its bounds are known.
  void SetLife(TopicLife life, Clock::time_point now);

  // The answer to PartitionHost::RequestBounds; an error: it could not be learnt.
  void SetBounds(const Result<LogBounds>& bounds, Clock::time_point now);

  // No cursors and no scans: nothing would be lost with it.
  bool unused() const;
  size_t tail_scans() const { return tail_ ? 1 : 0; }
  size_t catch_up_scans() const { return catch_up_ ? 1 : 0; }
  // How many records the last cursor that wants records is behind the end of the log, whether it has room for them or not;
  // -1: there is none, or the end is unknown.
  int64_t Lag();
  // As of the last Lag(): there is one, but no scan to tell where the end is. SetEnd may tell.
  bool lacks_end() const { return lacks_end_; }
  void SetEnd(int64_t end) { end_ = end; }

 private:
  bool PumpScan(Scan* scan, Clock::time_point now);
  int64_t LowestIn(const Scan& scan) const;
  bool StepRiders(Scan* scan, Clock::time_point now);
  bool StepRider(Scan* scan, Cursor* cursor, Clock::time_point now);
  void HandOver();
  void Board();
  void PaceCatchUp(Clock::time_point now);
  void ManageCatchUp(Clock::time_point now);
  void ManageTail(Clock::time_point now);
  void StartCatchUp(int64_t position, Clock::time_point now);
  void StartTail(int64_t position);
  void Ride(Scan* scan, Cursor* cursor);
  void GetOff(Cursor* cursor, CursorList* list);
  // Where the log ends, as far as its scans know; -1: not yet.
  int64_t End() const;
  // Has the cursor skip to the end, if it has not moved on by itself since this was last asked and its session's policy
  // says so.
  bool SkipIfSlow(Cursor* cursor);
  void LeaveScan(Scan* scan, Clock::time_point now);
  void DropScans(Clock::time_point now);
  void AskBounds();
  void Fail(const Error& error, Clock::time_point now);
  Cursor* NextTurn(Clock::time_point now) const;

  // --- apart.cc
  void SetApart(Cursor* cursor, std::shared_ptr<SlowJob> job, Clock::time_point now);
  bool StepApart(Clock::time_point now);
  bool StepApart(Cursor* cursor, Clock::time_point now);
  bool StaysApart(const Cursor& cursor) const;
  void ComeBack(Cursor* cursor, CursorList* list, Clock::time_point now);
  void ReleaseJob(Cursor* cursor);

  void SetTimer(Clock::time_point at) {
    if (!timer_ || at < *timer_) timer_ = at;
  }

  const uint64_t id_;
  const TopicPartition name_;
  const PartitionOptions options_;
  PartitionHost* const host_;
  Counters* const counters_;

  std::unique_ptr<Scan> tail_;
  std::unique_ptr<Scan> catch_up_;
  CursorList idle_;                     // do not want records now, or have no credit
  CursorList waiting_;                  // want records that no scan covers
  CursorList apart_;                    // wait for what takes long
  std::chrono::milliseconds stall_{0};  // how long cursors that stalled and went on were stalled, on average
  Clock::time_point joined_at_{};       // when a cursor last joined the catch-up scan
  Clock::time_point started_at_{};      // when the catch-up scan started
  Clock::time_point deserted_at_{};     // when the catch-up scan, or the tail, lost its last cursor
  Clock::time_point tail_deserted_at_{};

  int64_t end_ = -1;  // of the log, as last heard while no scan knew it
  bool lacks_end_ = false;

  TopicLife life_ = kUnknownLife;
  bool asking_bounds_ = false;
  bool failed_ = false;
  bool gone_ = false;  // it failed because there was no such topic: it may be another one that comes back
  std::chrono::milliseconds backoff_{0};
  Clock::time_point retry_at_{};
  std::optional<Clock::time_point> timer_;

  std::vector<PartitionHost::Needed> needed_;  // asked for, to be evaluated in this step, or the next
  // Scratch of one step.
  std::vector<PartitionHost::Needed> apart_needs_;
  std::vector<Cursor*> unevaluated_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_PARTITION_H_
