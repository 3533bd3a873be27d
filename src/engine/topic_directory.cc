#include "engine/topic_directory.h"

#include <algorithm>

namespace kasocki {
namespace {

using std::chrono::milliseconds;

// How long one try may take; the destructor cuts it short.
constexpr milliseconds kTry{5000};
constexpr milliseconds kPauseAfterFailure{100};

}  // namespace

std::vector<std::string> NamesOf(const ClusterMetadata& metadata) {
  std::vector<std::string> names;
  names.reserve(metadata.size());
  for (const auto& [name, partitions] : metadata) names.push_back(name);
  return names;
}

TopicDirectory::~TopicDirectory() {
  *alive_ = false;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (!thread_.joinable()) return;
  client_->CancelMetadata();
  thread_.join();
}

void TopicDirectory::Start(KafkaClient* client) {
  client_ = client;
  thread_ = std::thread([this] { FetchLoop(); });
  if (!waiters_.empty()) Fetch();
}

void TopicDirectory::FetchLoop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return asked_ || stopping_; });
    if (stopping_) return;
    asked_ = false;
    lock.unlock();
    Clock::time_point asked_at = Clock::now();
    Result<ClusterMetadata> result = client_->FetchMetadata(static_cast<int>(kTry.count()));
    bool failed = !result.ok();
    mailbox_->Post([this, alive = alive_, result = std::move(result), asked_at]() mutable {
      if (*alive) Fetched(std::move(result), asked_at);
    });
    lock.lock();
    if (failed) wake_.wait_for(lock, kPauseAfterFailure, [this] { return stopping_; });
  }
}

void TopicDirectory::Fetch() {
  if (fetching_ || !thread_.joinable()) return;
  fetching_ = true;
  {
    std::lock_guard lock(mutex_);
    asked_ = true;
  }
  wake_.notify_one();
}

void TopicDirectory::Fetched(Result<ClusterMetadata> result, Clock::time_point asked_at) {
  fetching_ = false;
  if (!result.ok()) {
    last_error_ = result.error();
    if (!waiters_.empty()) Fetch();
    return;
  }
  metadata_ = std::move(result.value());
  as_of_ = asked_at;
  last_error_.reset();
  refused_.reset();
  std::vector<Waiter> waiters;
  waiters.swap(waiters_);
  for (const Waiter& waiter : waiters) waiter.done(&*metadata_, nullptr);
  if (observer_) observer_(*metadata_);
}

void TopicDirectory::Request(milliseconds max_age, milliseconds timeout, Done done) {
  Clock::time_point now = Clock::now();
  if (metadata_ && now - as_of_ <= max_age) return done(&*metadata_, nullptr);
  if (refused_) {
    Fetch();
    return done(nullptr, &*refused_);
  }
  uint64_t id = next_waiter_++;
  waiters_.push_back({id, std::move(done)});
  timers_->At(now + timeout, [this, alive = alive_, id] {
    if (*alive) Expire(id);
  });
  Fetch();
}

void TopicDirectory::Expire(uint64_t id) {
  auto it = std::find_if(waiters_.begin(), waiters_.end(), [id](const Waiter& waiter) { return waiter.id == id; });
  if (it == waiters_.end()) return;
  Waiter waiter = std::move(*it);
  waiters_.erase(it);
  Failure failure{last_error_.value_or(Error{ErrorKind::kKafka, "Kafka did not answer in time", "_TIMED_OUT"}), true};
  waiter.done(nullptr, &failure);
}

void TopicDirectory::Refuse(const Error& error) {
  refused_ = Failure{error, false};
  std::vector<Waiter> waiters;
  waiters.swap(waiters_);
  for (const Waiter& waiter : waiters) waiter.done(nullptr, &*refused_);
  Fetch();
}

}  // namespace kasocki
