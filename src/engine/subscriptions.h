// Subscriptions: from what a client asked for to cursors with positions.
//
//   topics      must exist, their partitions too: Kafka is asked once more for names not known
//   bounds      Kafka tells where each partition begins and ends, after the subscription came
//   times       where a time is in a log is asked after that: a record that comes in between is not missed
//   positions   engine/starts.h
#ifndef KASOCKI_ENGINE_SUBSCRIPTIONS_H_
#define KASOCKI_ENGINE_SUBSCRIPTIONS_H_

#include <functional>
#include <memory>
#include <vector>

#include "engine/bounds_resolver.h"
#include "engine/events.h"
#include "engine/session.h"
#include "engine/starts.h"
#include "engine/timers.h"
#include "engine/topic_directory.h"

namespace kasocki {

// Used by the worker alone; it outlives all its callbacks.
class Subscriptions {
 public:
  // The session reads this partition from here on, if the generation is still its. It was told to expect it.
  using AddCursor = std::function<void(const std::shared_ptr<Session>&, Session::Generation, const TopicPartition&,
                                       int64_t position, Bound until)>;
  using Answer = std::function<void(SubscribedEvent)>;

  Subscriptions(OffsetReset reset, TopicDirectory* topics, BoundsResolver* bounds, Timers* timers, AddCursor add_cursor,
                Answer answer)
      : reset_(reset),
        topics_(topics),
        bounds_(bounds),
        timers_(timers),
        add_cursor_(std::move(add_cursor)),
        answer_(std::move(answer)) {}
  Subscriptions(const Subscriptions&) = delete;
  Subscriptions& operator=(const Subscriptions&) = delete;

  void Subscribe(std::shared_ptr<Session> session, Session::Generation generation, RequestId request,
                 std::vector<Assignment> assignments);

 private:
  struct Slot;
  struct Subscription;
  using Shared = std::shared_ptr<Subscription>;

  void FindTopics(const Shared& subscription, bool last_try);
  void AskBounds(const Shared& subscription, size_t index);
  void AskAgain(const Shared& subscription, size_t index, const Error& error);
  void OnBounds(const Shared& subscription, size_t index, const Result<BoundsResolver::Bounds>& bounds);
  void AskTime(const Shared& subscription, size_t index, int64_t time);
  void Place(const Shared& subscription, size_t index);
  void AnswerIfDone(const Shared& subscription);
  void AnswerNow(const Shared& subscription);
  void Refuse(const Shared& subscription, Error error);
  // Nobody waits for it any more.
  static bool IsOver(const Subscription& subscription);

  const OffsetReset reset_;
  TopicDirectory* const topics_;
  BoundsResolver* const bounds_;
  Timers* const timers_;
  const AddCursor add_cursor_;
  const Answer answer_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_SUBSCRIPTIONS_H_
