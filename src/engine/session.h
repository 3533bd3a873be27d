// Session: one socket as the core sees it, the only object that the worker and the main thread share.
//
// A session's credit is shared evenly among the cursors that could use it: while one lacks room, no other gets more than
// its part. Else the partition that happens to be first would take all of it, again and again.
//
// The worker prepares matches for it, at most its credit; the main thread takes them, which is their delivery.
// Position, filter class and prepared matches change under one mutex, so a match is either delivered under the filter
// and the state in force at that moment or given back: the cursor returns to it and it is evaluated anew. What else the
// client is to be told in the messages' order, notices, stands between them in the same queue.
#ifndef KASOCKI_ENGINE_SESSION_H_
#define KASOCKI_ENGINE_SESSION_H_

#include <chrono>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/cursor.h"
#include "engine/filter_class.h"
#include "engine/matches.h"
#include "engine/notice.h"
#include "engine/starts.h"

namespace kasocki {

using SessionId = uint32_t;

// Consecutive matches [first, last) that belong to one cursor.
struct Segment {
  std::shared_ptr<const Matches> matches;
  size_t first = 0;
  size_t last = 0;
  Cursor* cursor = nullptr;  // null once taken: the cursor may go at any time
  Mark before;               // of the cursor, when the matches were prepared

  bool operator==(const Segment& other) const {
    return matches == other.matches && first == other.first && last == other.last;
  }
};

// What Session::Take gives: messages, or the one notice that comes before the next of them, or nothing.
struct Taken {
  std::vector<Segment> segments;
  std::optional<Notice> notice;
};

// What a cursor reads of its partition.
struct Stretch {
  int64_t position = 0;
  Mark mark;
  Bound until;
  std::optional<int64_t> asked;  // the offset asked for, where it is not in the log: a gap from there, or back there
};

class Session {
 public:
  // Names one subscription: what comes of an older one, late, is not taken.
  using Generation = uint32_t;
  static constexpr int64_t kNeverSkip = std::numeric_limits<int64_t>::max();

  Session(SessionId id, size_t max_prepared_bytes, std::shared_ptr<const FilterClass> filter_class,
          std::shared_ptr<const Filter> guard = nullptr, std::chrono::milliseconds max_delay = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  SessionId id() const { return id_; }
  // The server's own filter, part of every filter class that this session is in; null: none.
  const std::shared_ptr<const Filter>& guard() const { return guard_; }
  // How long a match may wait for others.
  std::chrono::milliseconds max_delay() const { return max_delay_; }

  // --- The main thread's side.

  // Takes what comes next: prepared matches, at most max_bytes (but at least one match) and max_count, or a notice. With
  // max_count 0: a notice, if no message stands before it. Sets *credit if the worker had run out of room and there is
  // enough again: it must then be told to board this session.
  Taken Take(size_t max_bytes, size_t max_count, bool* credit);

  // From here on matches are judged by this class, from the earliest one that was not taken.
  void SetFilterClass(std::shared_ptr<const FilterClass> filter_class);

  // While wanting, matches are prepared. Otherwise what was not taken is given back. True if that changed anything.
  // (After this and the others that give back, there may be a notice to take.)
  bool SetWanting(bool wanting);

  // Ends these topics (null: all there is): nothing of them can be taken any more. Returns where they stood. The worker
  // must then be told to remove the cursors. `bounded`: as in Expect, of what is left.
  std::vector<Standing> Unsubscribe(const std::set<std::string>* topics, bool bounded);

  // Where it stands on all partitions that it reads, if that may have changed since this was last called. What was taken
  // lies below the offsets, and so does what the filter refused.
  std::optional<std::vector<Position>> TakePositions();

  // Nothing is prepared any more. Idempotent.
  void Close();

  std::shared_ptr<const FilterClass> filter_class() const;
  Generation generation() const;

  // --- The worker's side.

  // So many cursors will be added.
  void Expect(Generation generation, size_t cursors);
  // `bounded`: all partitions of this subscription have an end. When all cursors are there and at their bounds, an
  // EndNotice follows the last message.
  void SetBounded(Generation generation, bool bounded);
  // Cursors that are to begin more than so many records behind the end, or fall back so far, will skip to it.
  void SetSkipLag(Generation generation, int64_t lag);
  // A new cursor, one of those expected; null: this topic, or the whole subscription, was ended meanwhile, or is at its
  // end. An AssignedNotice comes before the first message of it, if it is to be announced; and a GapNotice, if
  // something else was asked for.
  enum class Announce { kNo, kExact, kInexact };
  Cursor* AddCursor(Generation generation, const TopicPartition& partition, const Stretch& stretch, Announce announce);
  // Cursors that were unsubscribed: the caller takes them off their partitions.
  std::vector<std::unique_ptr<Cursor>> RemoveEnded();

  enum class Boarding { kReady, kNotWanting, kNoRoom };
  // Whether a cursor of this session should be on a scan; notes its position. One without room boards only with half of
  // its part of the credit free.
  Boarding CanBoard(Cursor* cursor);
  // Where a cursor stands that wants records, whether there is room for them or not; nullopt: it does not.
  std::optional<int64_t> WantsFrom(const Cursor& cursor) const;

  enum class Step { kMoved, kMovedAndReady, kAtEnd, kBehind, kNotEvaluated, kNotWanting, kNoRoom };

  // It is at that offset and has something to get from there on.
  bool StandsAt(const Cursor& cursor, int64_t position) const;
  // Moves the cursor into [begin, end], with a GapNotice. True: it stood above the end.
  bool ClampPosition(Cursor* cursor, int64_t begin, int64_t end);
  // Moves it to `end`, with a GapNotice, if it wants records and is more behind than this session's policy allows. True:
  // it was moved.
  bool SkipTo(Cursor* cursor, int64_t end);
  bool closed() const;
  // It reads on for this subscription: that was not ended, nor is it at its end.
  bool Continues(Generation generation) const;
  // The topic was not ended.
  bool Wants(const std::string& topic) const;
  // True, once: there is something to take that the main thread was not told of.
  bool TakeNews();

  // Runs `step(StepContext&)` under the mutex, if the session wants records and has room. Partition moves cursors
  // through the chunks of a scan this way.
  class StepContext;
  template <typename Function>
  Step Advance(Cursor* cursor, Function&& step);

  // Changed by the worker, under the mutex: it alone may look without.
  std::vector<std::unique_ptr<Cursor>> cursors;
  // The worker's alone: when it may next be told that its filter takes too many steps.
  Clock::time_point next_budget_report{};

 private:
  using Item = std::variant<Segment, Notice>;

  // Need the mutex.
  // Moves all cursors back to their earliest match that was not taken. Notices stay. What was prepared before a gap is
  // lost to it.
  void GiveBack();
  void Enqueue(Item item);
  void Move(Cursor* cursor, int64_t position);
  void CheckEnd();
  void DropEnd();
  // Fills in what is known only when the notice is taken.
  void Complete(Notice* notice);
  void AnnounceJoined(Joined joined);
  void ForgetJoined(const std::set<std::string>& topics);
  // Moves the cursor to `to`, with a GapNotice behind what is prepared.
  void Leap(Cursor* cursor, int64_t to, GapNotice::Reason reason);
  // Has each cursor's `delivered` say up to where everything was taken, gaps included.
  void FindDelivered();
  void Deny(Cursor* cursor);
  void SetDenied(Cursor* cursor, bool denied);
  size_t RoomFor(const Cursor& cursor) const;
  size_t Room() const { return prepared_bytes_ >= max_prepared_bytes_ ? 0 : max_prepared_bytes_ - prepared_bytes_; }

  // Constant after construction.
  const SessionId id_;
  const size_t max_prepared_bytes_;
  const std::shared_ptr<const Filter> guard_;
  const std::chrono::milliseconds max_delay_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::shared_ptr<const FilterClass> filter_class_;
  std::list<Item> queue_;  // takes no memory while it is empty, which a deque does
  size_t prepared_bytes_ = 0;
  size_t denied_ = 0;  // cursors that lack room
  Generation generation_ = 0;
  std::set<std::string> ended_topics_;  // of this generation
  size_t expected_ = 0;                 // cursors that will be added
  size_t open_ = 0;                     // cursors that are not at their bounds
  int64_t skip_lag_ = kNeverSkip;       // see SetSkipLag
  bool bounded_ = false;                // all partitions have bounds
  bool end_queued_ = false;             // an EndNotice is in the queue
  bool at_end_ = false;                 // it was taken: this subscription is over
  bool wanting_ = false;
  bool closed_ = false;
  bool moved_ = false;    // positions may be others than TakePositions last told
  bool starved_ = false;  // the worker met a full session: Take must tell of credit
  bool listed_ = false;   // there is something to take, and the main thread was told or is about to be
  bool news_ = false;     // ... it is about to be
};

// What a step may look at and do. Lives during Advance, under the session's mutex.
class Session::StepContext {
 public:
  int64_t position() const { return cursor_->position; }
  const FilterClass& filter_class() const { return *session_->filter_class_; }
  std::shared_ptr<const FilterClass> shared_filter_class() const { return session_->filter_class_; }
  // The time that its bound will have, if it is still to be found; else -1.
  int64_t until_time() const { return cursor_->until.time; }

  // The bound was found.
  Step SetUntil(int64_t offset);
  // There is nothing for anybody up to `position`.
  Step MoveTo(int64_t position);
  // Prepares the class's matches from the cursor's position on, as many as there is room for, and moves the cursor
  // behind them: to `end` if all went in. Nothing goes beyond its bound. `last`: the last record before `end`.
  Step Prepare(const std::shared_ptr<const Matches>& matches, int64_t end, Mark last);

 private:
  friend class Session;
  StepContext(Session* session, Cursor* cursor) : session_(session), cursor_(cursor) {}
  Session* session_;
  Cursor* cursor_;
};

template <typename Function>
Session::Step Session::Advance(Cursor* cursor, Function&& step) {
  std::lock_guard lock(mutex_);
  cursor->seen_position = cursor->position;
  if (closed_ || !wanting_ || cursor->ended || cursor->done()) return Step::kNotWanting;
  if (RoomFor(*cursor) == 0) {
    Deny(cursor);
    return Step::kNoRoom;
  }
  StepContext context(this, cursor);
  Step result = step(context);
  cursor->seen_position = cursor->position;
  return std::exchange(news_, false) && result == Step::kMoved ? Step::kMovedAndReady : result;
}

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_SESSION_H_
