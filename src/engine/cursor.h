// Cursor: where one socket stands on one partition. CursorList: cursors in the same situation.
#ifndef KASOCKI_ENGINE_CURSOR_H_
#define KASOCKI_ENGINE_CURSOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace kasocki {

class CursorList;
class Partition;
class Scan;
class Session;
struct SlowJob;

using Clock = std::chrono::steady_clock;

// Owned by its Session; lives as long as that.
struct Cursor {
  explicit Cursor(Session* owner) : session(owner) {}

  // Constant after construction.
  Session* const session;

  // Guarded by the session's mutex: all matches below this offset were prepared for delivery (or refused). Whoever
  // gives prepared matches back, moves it back.
  int64_t position = -1;

  // The worker's alone.
  Partition* partition = nullptr;
  Scan* scan = nullptr;               // the scan it rides, or stalls on; null: on none
  CursorList* list = nullptr;         // the one list it is in
  size_t slot = 0;                    // its place there
  int64_t seen_position = -1;         // `position` as last looked at
  Clock::time_point since{};          // in its list's sense: of the last progress, or waiting since
  std::shared_ptr<SlowJob> slow_job;  // of a cursor apart: what it waits for
};

// An unordered set of cursors with constant-time removal. The worker's alone.
class CursorList {
 public:
  void Add(Cursor* cursor) {
    if (cursor->list != nullptr) cursor->list->Remove(cursor);
    cursor->list = this;
    cursor->slot = items_.size();
    items_.push_back(cursor);
  }
  void Remove(Cursor* cursor) {
    items_[cursor->slot] = items_.back();
    items_[cursor->slot]->slot = cursor->slot;
    items_.pop_back();
    cursor->list = nullptr;
  }
  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size(); }
  // To walk with removals of the current one, walk backwards.
  Cursor* operator[](size_t i) const { return items_[i]; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<Cursor*> items_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_CURSOR_H_
