// Hub: one Kafka configuration's worker, as the main thread sees it.
//
//   main thread   Hub ---- commands ----> Mailbox ---> Worker      worker's thread
//                 Hub <--- events ------- Outbox <---- Worker
//                 Session <---- both, under its mutex ---->
//
// All methods but the destructor return at once.
#ifndef KASOCKI_ENGINE_HUB_H_
#define KASOCKI_ENGINE_HUB_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/counters.h"
#include "engine/events.h"
#include "engine/filter_class.h"
#include "engine/mailbox.h"
#include "engine/session.h"
#include "engine/worker.h"

namespace kasocki {

// Used by one thread, the one that made it.
class Hub {
 public:
  // Starts the worker. `ring` is called on any thread when TakeEvents has something to do; it must not block.
  Hub(WorkerOptions options, std::function<void()> ring);
  ~Hub() { Join(); }
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Answered by a TopicsEvent.
  void RequestTopics(RequestId request, std::chrono::milliseconds max_age, std::chrono::milliseconds timeout);

  // Answered by a DescribedEvent, as a rule in some milliseconds.
  void Describe(RequestId request, std::vector<std::string> topics);

  struct SessionOptions {
    std::string name_space = "/";
    MetadataStyle metadata;
    size_t max_depth = 1024;
    FunctionId decoder = 0;
    size_t max_prepared_bytes = 256 * 1024;
    std::chrono::milliseconds max_delay{0};
    std::shared_ptr<const Filter> guard;      // what every message must pass, whatever the client asks; null: none
    std::shared_ptr<const FieldMask> fields;  // what is cut from every message; null: nothing
  };
  std::shared_ptr<Session> OpenSession(const SessionOptions& options);
  void CloseSession(const std::shared_ptr<Session>& session);

  // Answered by a SubscribedEvent.
  void Subscribe(const std::shared_ptr<Session>& session, RequestId request, std::vector<Assignment> assignments,
                 const SubscribeOptions& options);
  // Topics that a pattern of the subscription has found later.
  void Join(const std::shared_ptr<Session>& session, std::vector<Assignment> topics);
  // Ends these topics at once (null: the whole subscription, or one under way); returns where they stood.
  std::vector<Standing> Unsubscribe(const std::shared_ptr<Session>& session, const std::set<std::string>* topics,
                                    bool bounded);
  void SetFilter(const std::shared_ptr<Session>& session, std::shared_ptr<const Filter> filter, FunctionId matcher);
  void SetWanting(const std::shared_ptr<Session>& session, bool wanting);
  Taken Take(const std::shared_ptr<Session>& session, size_t max_bytes, size_t max_count);

  // Answers to a DeserializeEvent and a MatchEvent.
  void Deserialized(RequestId request, std::vector<std::optional<std::string>> texts);
  void Matched(RequestId request, std::vector<uint8_t> verdicts);

  // Answers to a TokenRefreshEvent.
  void SetToken(std::string token, int64_t expires_ms, std::string principal,
                std::vector<std::pair<std::string, std::string>> extensions);
  void FailToken(std::string reason);

  // To be called soon after every ring.
  void TakeEvents(std::vector<HubEvent>* events, std::vector<SessionId>* ready);

  // Ends everything; a ClosedEvent follows and is the last.
  void Close();
  // The same, and waits for the end of the worker. Nothing is rung afterwards.
  void Join();

  const Counters& counters() const { return counters_; }
  size_t classes() { return classes_.size(); }

 private:
  void WakeSession(const std::shared_ptr<Session>& session);
  // The same, together with others that come in this turn of the event loop.
  void WakeSoon(const std::shared_ptr<Session>& session);

  Counters counters_;
  FilterClasses classes_;
  Mailbox mailbox_;
  Outbox outbox_;
  Worker worker_;
  SessionId next_session_ = 1;
  std::vector<std::shared_ptr<Session>> waking_;  // see WakeSoon
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_HUB_H_
