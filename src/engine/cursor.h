// Cursor: where one socket stands on one partition. CursorList: cursors in the same situation.
#ifndef KASOCKI_ENGINE_CURSOR_H_
#define KASOCKI_ENGINE_CURSOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "engine/starts.h"
#include "kafka/client.h"

namespace kasocki {

class CursorList;
class Partition;
class Scan;
class Session;
struct SlowJob;

using Clock = std::chrono::steady_clock;

// Numbers the lives of a topic that is deleted and made anew.
using TopicLife = uint32_t;
inline constexpr TopicLife kUnknownLife = 0;

// Owned by its Session; lives as long as that.
struct Cursor {
  Cursor(Session* owner, TopicPartition partition_name) : session(owner), name(std::move(partition_name)) {}

  // Constant after construction.
  Session* const session;
  const TopicPartition name;

  // Guarded by the session's mutex.
  // All matches below this offset were prepared for delivery (or refused). Whoever gives prepared matches back, moves
  // it back.
  int64_t position = -1;
  Bound until;  // from here on nothing is for it
  bool done() const { return position >= until.offset; }
  Mark mark;               // a record below `position`, though maybe not the last one
  size_t prepared = 0;     // bytes of matches for it that were not taken
  bool denied = false;     // it has not moved since the session had no room for it
  bool ended = false;      // unsubscribed: it gets nothing any more, and the worker will remove it
  int64_t delivered = -1;  // scratch of the session
  Mark delivered_mark;     // the same
  int64_t returned = -1;   // the same

  // The worker's alone.
  Partition* partition = nullptr;
  Scan* scan = nullptr;               // the scan it rides, or stalls on; null: on none
  CursorList* list = nullptr;         // the one list it is in
  size_t slot = 0;                    // its place there
  int64_t seen_position = -1;         // `position` as last looked at
  bool may_skip = true;               // it has been off its scan, or stalled: its session's policy has a say
  TopicLife life = kUnknownLife;      // of the topic, that `position` is of
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
