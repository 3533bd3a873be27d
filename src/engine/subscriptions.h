// Subscriptions: from what a client asked for to cursors with positions.
//
//   topics      must exist, their partitions too: Kafka is asked once more for names not known
//   bounds      Kafka tells where each partition begins and ends, after the subscription came
//   times       where a time is in a log is asked after that: a record that comes in between is not missed
//   positions   engine/starts.h
//   joins       partitions, and topics of a pattern, that are added later
#ifndef KASOCKI_ENGINE_SUBSCRIPTIONS_H_
#define KASOCKI_ENGINE_SUBSCRIPTIONS_H_

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/bounds_resolver.h"
#include "engine/events.h"
#include "engine/session.h"
#include "engine/starts.h"
#include "engine/timers.h"
#include "engine/topic_directory.h"
#include "engine/watches.h"

namespace kasocki {

struct SubscribeOptions {
  size_t max_partitions = 10000;  // of one subscription, those included that join later
  // The main thread is told when names of topics come or go: a pattern is followed.
  bool names = false;
  bool bounded = false;                    // all that is subscribed has an end, patterns included
  int64_t skip_lag = Session::kNeverSkip;  // as in Session::SetSkipLag
};

// Used by the worker alone; it outlives all its callbacks.
class Subscriptions {
 public:
  // The session reads this partition so, if the generation is still its. It was told to expect it.
  using AddCursor = std::function<void(const std::shared_ptr<Session>&, Session::Generation, const TopicPartition&,
                                       const Stretch&, Session::Announce)>;
  using Tell = std::function<void(HubEvent)>;
  using Ready = std::function<void(SessionId)>;  // there is something to take

  Subscriptions(OffsetReset reset, TopicDirectory* topics, BoundsResolver* bounds, Timers* timers, AddCursor add_cursor,
                Tell tell, Ready ready);
  Subscriptions(const Subscriptions&) = delete;
  Subscriptions& operator=(const Subscriptions&) = delete;

  void Subscribe(std::shared_ptr<Session> session, Session::Generation generation, RequestId request,
                 std::vector<Assignment> assignments, const SubscribeOptions& options);
  // Topics that a pattern of this subscription has found later: all partitions, from their beginnings.
  void Join(SessionId session, Session::Generation generation, const std::vector<Assignment>& topics);
  // The session is gone, or this subscription of it.
  void Forget(SessionId session) { watches_.Remove(session); }

 private:
  struct Slot;
  struct Subscription;
  using Shared = std::shared_ptr<Subscription>;

  void FindTopics(const Shared& subscription, bool last_try);
  void AskBounds(const Shared& subscription, size_t index);
  void AskAgain(const Shared& subscription, size_t index, const Error& error);
  void OnBounds(const Shared& subscription, size_t index, const Result<LogBounds>& bounds);
  void AskTime(const Shared& subscription, size_t index, int64_t time);
  void Place(const Shared& subscription, size_t index);
  void AnswerIfDone(const Shared& subscription);
  void AnswerNow(const Shared& subscription);
  void Refuse(const Shared& subscription, Error error);
  // Nobody waits for it any more.
  static bool IsOver(const Subscription& subscription);
  void Watch(const Subscription& subscription);
  void LookAgain();
  void OnMetadata(const ClusterMetadata& metadata);
  void OnFound(const Watches::Watch& watch, std::vector<Assignment> added);

  const OffsetReset reset_;
  TopicDirectory* const topics_;
  BoundsResolver* const bounds_;
  Timers* const timers_;
  const AddCursor add_cursor_;
  const Tell tell_;
  const Ready ready_;
  Watches watches_;
  bool looking_ = false;            // a timer asks for metadata again and again
  std::vector<std::string> names_;  // as last told to those who follow them
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_SUBSCRIPTIONS_H_
