// Mailbox: what other threads leave for the worker. Outbox: what the worker leaves for the main thread.
#ifndef KASOCKI_ENGINE_MAILBOX_H_
#define KASOCKI_ENGINE_MAILBOX_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/cursor.h"
#include "engine/events.h"

namespace kasocki {

// Any thread posts, the worker waits. Never blocks the one who posts.
class Mailbox {
 public:
  using Command = std::function<void()>;

  // Runs on the worker, in order of posting.
  void Post(Command command) {
    {
      std::lock_guard lock(mutex_);
      commands_.push_back(std::move(command));
      rung_ = true;
    }
    bell_.notify_one();
  }
  // Records of this partition can be read.
  void MarkPartition(uint64_t id) {
    {
      std::lock_guard lock(mutex_);
      partitions_.push_back(id);
      rung_ = true;
    }
    bell_.notify_one();
  }
  // Something else can be polled.
  void Ring() {
    {
      std::lock_guard lock(mutex_);
      rung_ = true;
    }
    bell_.notify_one();
  }

  // Waits until something is there or `until` has come (nullopt: does not wait), then takes all.
  void Wait(std::optional<Clock::time_point> until, std::vector<Command>* commands, std::vector<uint64_t>* partitions) {
    std::unique_lock lock(mutex_);
    if (until) bell_.wait_until(lock, *until, [this] { return rung_; });
    rung_ = false;
    commands->swap(commands_);
    partitions->swap(partitions_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable bell_;
  // Guarded by mutex_.
  bool rung_ = false;
  std::vector<Command> commands_;
  std::vector<uint64_t> partitions_;
};

// The worker leaves events and ready sessions; one call of `ring` announces any number of them.
class Outbox {
 public:
  // `ring` is called from any thread and must not block.
  explicit Outbox(std::function<void()> ring) : ring_(std::move(ring)) {}

  void Push(HubEvent event) {
    Change([&] {
      // The main thread may be away for long, in a function of the user's, and librdkafka may write all the while.
      if (std::holds_alternative<LogEvent>(event) && log_lines_++ >= kMaxLogLines) return;
      events_.push_back(std::move(event));
    });
  }
  void PushReady(std::vector<SessionId>* sessions) {
    if (sessions->empty()) return;
    Change([&] { ready_.insert(ready_.end(), sessions->begin(), sessions->end()); });
    sessions->clear();
  }
  // Has the main thread take what there is, if only for what comes with it.
  void Ring() {
    Change([] {});
  }
  // The main thread takes all.
  void Take(std::vector<HubEvent>* events, std::vector<SessionId>* ready) {
    std::lock_guard lock(mutex_);
    rung_ = false;
    events->swap(events_);
    ready->swap(ready_);
    if (log_lines_ > kMaxLogLines) events->push_back(DroppedLogLines(log_lines_ - kMaxLogLines));
    log_lines_ = 0;
  }

 private:
  template <typename Function>
  void Change(Function&& change) {
    bool ring = false;
    {
      std::lock_guard lock(mutex_);
      change();
      ring = !std::exchange(rung_, true);
    }
    if (ring) ring_();
  }

  const std::function<void()> ring_;
  std::mutex mutex_;
  // Guarded by mutex_.
  bool rung_ = false;
  std::vector<HubEvent> events_;
  size_t log_lines_ = 0;  // since Take, those that were dropped included
  std::vector<SessionId> ready_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_MAILBOX_H_
