// Session: one socket as the core sees it, the only object that the worker and the main thread share.
//
// The worker prepares matches for it, at most its credit; the main thread takes them, which is their delivery.
// Position, filter class and prepared matches change under one mutex, so a match is either delivered under the filter
// and the state in force at that moment or given back: the cursor returns to it and it is evaluated anew.
#ifndef KASOCKI_ENGINE_SESSION_H_
#define KASOCKI_ENGINE_SESSION_H_

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/cursor.h"
#include "engine/filter_class.h"
#include "engine/matches.h"

namespace kasocki {

using SessionId = uint32_t;

// Consecutive matches [first, last) that belong to one cursor.
struct Segment {
  std::shared_ptr<const Matches> matches;
  size_t first = 0;
  size_t last = 0;
  Cursor* cursor = nullptr;

  bool operator==(const Segment& other) const {
    return matches == other.matches && first == other.first && last == other.last;
  }
};

class Session {
 public:
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

  // Takes prepared matches in order: at most max_bytes (but at least one match) and max_count. Sets *credit if the
  // worker had run out of room and there is enough again: it must then be told to board this session.
  std::vector<Segment> Take(size_t max_bytes, size_t max_count, bool* credit);

  // From here on matches are judged by this class, from the earliest one that was not taken.
  void SetFilterClass(std::shared_ptr<const FilterClass> filter_class);

  // While wanting, matches are prepared. Otherwise what was not taken is given back. True if that changed anything.
  bool SetWanting(bool wanting);

  // Nothing is prepared any more. Idempotent.
  void Close();

  std::shared_ptr<const FilterClass> filter_class() const;

  // --- The worker's side.

  enum class Boarding { kReady, kNotWanting, kNoRoom };
  // Whether a cursor of this session should be on a scan. A session without room boards only with half of its credit
  // free.
  Boarding CanBoard();

  enum class Step { kMoved, kMovedAndReady, kAtEnd, kBehind, kNotEvaluated, kNotWanting, kNoRoom };

  int64_t Position(const Cursor& cursor) const;
  void SetPosition(Cursor* cursor, int64_t position);
  // Moves the cursor into [begin, end].
  void ClampPosition(Cursor* cursor, int64_t begin, int64_t end);
  bool closed() const;

  // Runs `step(StepContext&)` under the mutex, if the session wants records and has room. Partition moves cursors
  // through the chunks of a scan this way.
  class StepContext;
  template <typename Function>
  Step Advance(Cursor* cursor, Function&& step);

  // The worker's alone; appended to by it when a subscription is resolved.
  std::vector<std::unique_ptr<Cursor>> cursors;
  // The worker's alone: when it may next be told that its filter takes too many steps.
  Clock::time_point next_budget_report{};

 private:
  // Moves all cursors back to their earliest match that was not taken. Needs the mutex.
  void GiveBack();
  size_t Room() const { return prepared_bytes_ >= max_prepared_bytes_ ? 0 : max_prepared_bytes_ - prepared_bytes_; }

  // Constant after construction.
  const SessionId id_;
  const size_t max_prepared_bytes_;
  const std::shared_ptr<const Filter> guard_;
  const std::chrono::milliseconds max_delay_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::shared_ptr<const FilterClass> filter_class_;
  std::list<Segment> prepared_;  // takes no memory while it is empty, which a deque does
  size_t prepared_bytes_ = 0;
  bool wanting_ = false;
  bool closed_ = false;
  bool starved_ = false;  // the worker met a full session: Take must tell of credit
  bool listed_ = false;   // told to the main thread as ready and not taken from since
};

// What a step may look at and do. Lives during Advance, under the session's mutex.
class Session::StepContext {
 public:
  int64_t position() const { return cursor_->position; }
  const FilterClass& filter_class() const { return *session_->filter_class_; }
  std::shared_ptr<const FilterClass> shared_filter_class() const { return session_->filter_class_; }

  // There is nothing for anybody up to `position`.
  Step MoveTo(int64_t position) {
    cursor_->position = position;
    return Step::kMoved;
  }
  // Prepares the class's matches from the cursor's position on, as many as there is room for, and moves the cursor
  // behind them: to `end` if all went in. Returns kMovedAndReady if the main thread must be told.
  Step Prepare(const std::shared_ptr<const Matches>& matches, int64_t end);

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
  if (closed_ || !wanting_) return Step::kNotWanting;
  if (Room() == 0) {
    starved_ = true;
    return Step::kNoRoom;
  }
  StepContext context(this, cursor);
  Step result = step(context);
  cursor->seen_position = cursor->position;
  return result;
}

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_SESSION_H_
