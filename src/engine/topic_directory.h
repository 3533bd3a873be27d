// TopicDirectory: which topics and partitions there are, as Kafka last told.
#ifndef KASOCKI_ENGINE_TOPIC_DIRECTORY_H_
#define KASOCKI_ENGINE_TOPIC_DIRECTORY_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "common/result.h"
#include "engine/cursor.h"
#include "engine/mailbox.h"
#include "engine/timers.h"
#include "kafka/client.h"

namespace kasocki {

// Of all topics, in order.
std::vector<std::string> NamesOf(const ClusterMetadata& metadata);

// librdkafka tells metadata only to a caller who waits: a thread of the directory's own does that. All calls are the
// worker's, and so are all callbacks.
class TopicDirectory {
 public:
  struct Failure {
    Error error;
    bool healable;
  };
  // Exactly one of the two is given; the metadata is valid during the call.
  using Done = std::function<void(const ClusterMetadata* metadata, const Failure* failure)>;

  // `mailbox` and `timers` outlive the directory.
  TopicDirectory(Mailbox* mailbox, Timers* timers) : mailbox_(mailbox), timers_(timers) {}
  ~TopicDirectory();
  TopicDirectory(const TopicDirectory&) = delete;
  TopicDirectory& operator=(const TopicDirectory&) = delete;

  // The client outlives the directory.
  void Start(KafkaClient* client);

  // Who is told of all that Kafka tells. Valid during the call.
  void SetObserver(std::function<void(const ClusterMetadata&)> observer) { observer_ = std::move(observer); }
  // What it told last; null: nothing yet.
  const ClusterMetadata* last() const { return metadata_ ? &*metadata_ : nullptr; }

  // Calls `done` with metadata no older than `max_age`, at once if it has them; with a failure after `timeout`, or at once
  // while Kafka refuses us.
  void Request(std::chrono::milliseconds max_age, std::chrono::milliseconds timeout, Done done);

  // Kafka does not let us in: whoever waits is told so, and whoever asks, until Kafka has answered after all. It is asked
  // again now, and whenever somebody asks. (librdkafka tells of the same error once in 30 s.)
  void Refuse(const Error& error);

 private:
  struct Waiter {
    uint64_t id;
    Done done;
  };

  void Fetch();
  void Fetched(Result<ClusterMetadata> result, Clock::time_point asked_at);
  void Expire(uint64_t id);
  void FetchLoop();

  Mailbox* const mailbox_;
  Timers* const timers_;
  KafkaClient* client_ = nullptr;  // constant once the thread runs

  // The worker's.
  std::optional<ClusterMetadata> metadata_;
  Clock::time_point as_of_{};
  std::optional<Error> last_error_;
  std::optional<Failure> refused_;
  std::vector<Waiter> waiters_;
  std::function<void(const ClusterMetadata&)> observer_;
  uint64_t next_waiter_ = 1;
  bool fetching_ = false;
  // Commands and timers that outlive the directory look here first.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  bool asked_ = false;
  bool stopping_ = false;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_TOPIC_DIRECTORY_H_
