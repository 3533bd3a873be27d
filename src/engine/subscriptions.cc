#include "engine/subscriptions.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace kasocki {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTopicsAge{5000};       // how old the list of topics may be
constexpr milliseconds kTopicsAgeAgain{1000};  // ... when a name is not in it
constexpr milliseconds kTopicsTimeout{10000};
constexpr milliseconds kAnswerAfter{5000};  // a partition without a leader delays the answer so long at most
constexpr milliseconds kAskAgainAfter{200};
constexpr milliseconds kLookEvery{5000};  // for new topics and partitions

// Errors of one partition that no waiting will heal.
bool IsLasting(const Error& error) {
  return error.code == "TOPIC_AUTHORIZATION_FAILED" || error.code == "INVALID_TOPIC_EXCEPTION" ||
         error.code == "UNSUPPORTED_VERSION";
}

int64_t NowMs() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// What the client is told: what it asked for, or the real offset where it asked for a time or a distance.
std::optional<int64_t> Shown(const Start& start, std::optional<int64_t> position) {
  return start.kind == Start::Kind::kOffset ? start.value : position;
}

}  // namespace

// One partition on its way.
struct Subscriptions::Slot {
  Assignment assignment;
  LogBounds bounds;
  std::map<int64_t, std::optional<Result<int64_t>>> times;  // those to be looked up, with their offsets
  std::optional<Resolved> start;                            // once known
  Bound until;

  Stretch stretch() const { return {start->offset, MarkOf(assignment.start, NowMs()), until, asked_instead()}; }

  std::optional<int64_t> Found(std::optional<int64_t> time) const {
    return time ? std::optional(times.at(*time)->value()) : std::nullopt;
  }
  // The offset asked for, if it is not in the log.
  std::optional<int64_t> asked_instead() const {
    const auto& [kind, value, mark] = assignment.start;
    const bool is_offset = (kind == Start::Kind::kOffset || kind == Start::Kind::kResume) && value >= 0;
    return is_offset && (value < bounds.begin || value > bounds.end) ? std::optional(value) : std::nullopt;
  }
};

struct Subscriptions::Subscription {
  std::shared_ptr<Session> session;
  Session::Generation generation;
  RequestId request;
  std::vector<Assignment> assignments;  // as asked for
  SubscribeOptions options;
  std::vector<Slot> slots;  // with partitions filled in
  size_t known = 0;
  Session::Announce announce = Session::Announce::kNo;
  enum { kOpen, kAnswered, kRefused } state = kOpen;
};

bool Subscriptions::IsOver(const Subscription& subscription) {
  return subscription.state == Subscription::kRefused || subscription.session->closed() ||
         subscription.session->generation() != subscription.generation;
}

Subscriptions::Subscriptions(OffsetReset reset, TopicDirectory* topics, BoundsResolver* bounds, Timers* timers,
                             AddCursor add_cursor, Tell tell, Ready ready)
    : reset_(reset),
      topics_(topics),
      bounds_(bounds),
      timers_(timers),
      add_cursor_(std::move(add_cursor)),
      tell_(std::move(tell)),
      ready_(std::move(ready)),
      watches_(
          [this](const Watches::Watch& watch, std::vector<Assignment> added) { OnFound(watch, std::move(added)); }) {
  topics_->SetObserver([this](const ClusterMetadata& metadata) { OnMetadata(metadata); });
}

void Subscriptions::Subscribe(std::shared_ptr<Session> session, Session::Generation generation, RequestId request,
                              std::vector<Assignment> assignments, const SubscribeOptions& options) {
  auto subscription = std::make_shared<Subscription>();
  subscription->session = std::move(session);
  subscription->generation = generation;
  subscription->request = request;
  subscription->assignments = std::move(assignments);
  subscription->options = options;
  FindTopics(subscription, false);
}

void Subscriptions::Refuse(const Shared& subscription, Error error) {
  subscription->state = Subscription::kRefused;
  tell_(SubscribedEvent{subscription->session->id(), subscription->request, std::move(error)});
}

void Subscriptions::FindTopics(const Shared& subscription, bool last_try) {
  topics_->Request(
      last_try ? kTopicsAgeAgain : kTopicsAge, kTopicsTimeout,
      [this, subscription, last_try](const ClusterMetadata* metadata, const TopicDirectory::Failure* failure) {
        if (failure != nullptr) return Refuse(subscription, failure->error);
        std::vector<Slot> slots;
        // Those that have an assignment of their own beside the one of their whole topic.
        std::set<std::pair<std::string, int32_t>> apart;
        for (const Assignment& assignment : subscription->assignments) {
          if (assignment.partition != kAllPartitions) apart.emplace(assignment.topic, assignment.partition);
        }
        for (const Assignment& assignment : subscription->assignments) {
          auto topic = metadata->find(assignment.topic);
          if (topic == metadata->end()) {
            if (!last_try) return FindTopics(subscription, true);
            return Refuse(subscription,
                          {ErrorKind::kTopicNotAvailable, "Topic " + assignment.topic + " is not available", ""});
          }
          bool found = false;
          for (const PartitionMetadata& partition : topic->second) {
            if (assignment.partition != kAllPartitions && assignment.partition != partition.id) continue;
            if (assignment.partition == kAllPartitions && apart.contains({assignment.topic, partition.id})) {
              found = true;
              continue;
            }
            slots.emplace_back().assignment = {assignment.topic, partition.id, assignment.start, assignment.until};
            found = true;
          }
          // Where somebody stood in a partition there may be none now: the topic was made anew.
          if (!found && assignment.start.kind == Start::Kind::kResume && last_try) continue;
          if (!found) {
            if (!last_try) return FindTopics(subscription, true);
            return Refuse(
                subscription,
                {ErrorKind::kInvalidAssignment,
                 "Topic " + assignment.topic + " has no partition " + std::to_string(assignment.partition), ""});
          }
        }
        const size_t max = subscription->options.max_partitions;
        if (slots.size() > max) {
          return Refuse(subscription, {ErrorKind::kLimitExceeded,
                                       "More than " + std::to_string(max) + " partitions in one subscription", ""});
        }
        subscription->slots = std::move(slots);
        for (size_t i = 0; i < subscription->slots.size(); ++i) AskBounds(subscription, i);
        timers_->At(Clock::now() + kAnswerAfter, [this, subscription] {
          if (subscription->state == Subscription::kOpen) AnswerNow(subscription);
        });
        AnswerIfDone(subscription);
      });
}

void Subscriptions::AskBounds(const Shared& subscription, size_t index) {
  const Assignment& assignment = subscription->slots[index].assignment;
  bounds_->Ask({assignment.topic, assignment.partition},
               [this, subscription, index](const Result<LogBounds>& bounds) { OnBounds(subscription, index, bounds); });
}

void Subscriptions::AskAgain(const Shared& subscription, size_t index, const Error& error) {
  const bool open = subscription->state == Subscription::kOpen;
  if (open && IsLasting(error)) return Refuse(subscription, error);
  timers_->At(Clock::now() + kAskAgainAfter, [this, subscription, index] {
    if (IsOver(*subscription)) return;
    const Assignment& assignment = subscription->slots[index].assignment;
    if (subscription->session->Wants(assignment.topic)) return AskBounds(subscription, index);
    add_cursor_(subscription->session, subscription->generation, {assignment.topic, assignment.partition}, {},
                Session::Announce::kNo);
  });
}

void Subscriptions::OnBounds(const Shared& subscription, size_t index, const Result<LogBounds>& bounds) {
  if (IsOver(*subscription)) return;
  if (!bounds.ok()) return AskAgain(subscription, index, bounds.error());
  Slot& slot = subscription->slots[index];
  slot.bounds = bounds.value();
  slot.times.clear();
  for (std::optional<int64_t> time : {TimeNeeded(slot.assignment.start, slot.bounds), slot.assignment.until.time()}) {
    if (time) slot.times[*time] = std::nullopt;
  }
  if (slot.times.empty()) return Place(subscription, index);
  for (const auto& [time, offset] : slot.times) AskTime(subscription, index, time);
}

void Subscriptions::AskTime(const Shared& subscription, size_t index, int64_t time) {
  const Assignment& assignment = subscription->slots[index].assignment;
  bounds_->AskTime({assignment.topic, assignment.partition}, time,
                   [this, subscription, index, time](const Result<int64_t>& offset) {
                     if (IsOver(*subscription)) return;
                     auto& times = subscription->slots[index].times;
                     times[time] = offset;
                     for (const auto& [other, found] : times) {
                       if (!found) return;  // the other one comes later
                     }
                     for (const auto& [other, found] : times) {
                       if (!found->ok()) return AskAgain(subscription, index, found->error());
                     }
                     Place(subscription, index);
                   });
}

void Subscriptions::Place(const Shared& subscription, size_t index) {
  Slot& slot = subscription->slots[index];
  const Assignment& assignment = slot.assignment;
  Result<Resolved> start =
      Resolve(assignment, slot.bounds, slot.Found(TimeNeeded(assignment.start, slot.bounds)), reset_);
  slot.until = Resolve(assignment.until, slot.bounds, slot.Found(assignment.until.time()));
  if (subscription->state == Subscription::kOpen) {
    if (!start.ok()) return Refuse(subscription, start.error());
    slot.start = start.value();
    ++subscription->known;
    return AnswerIfDone(subscription);
  }
  // The answer did not wait for this partition: it starts at the first end learnt.
  slot.start = start.ok() ? start.value() : Resolved{slot.bounds.end};
  Session::Announce announce = subscription->announce;
  if (!Shown(assignment.start, std::nullopt)) announce = Session::Announce::kExact;
  if (!slot.start->exact) announce = Session::Announce::kInexact;
  add_cursor_(subscription->session, subscription->generation, {assignment.topic, assignment.partition}, slot.stretch(),
              announce);
}

void Subscriptions::AnswerIfDone(const Shared& subscription) {
  if (subscription->known == subscription->slots.size()) AnswerNow(subscription);
}

void Subscriptions::AnswerNow(const Shared& subscription) {
  subscription->state = Subscription::kAnswered;
  Session& session = *subscription->session;
  if (session.closed()) return;
  const bool complete = subscription->known == subscription->slots.size();
  session.Expect(subscription->generation, subscription->slots.size());
  session.SetBounded(subscription->generation, subscription->options.bounded);
  session.SetSkipLag(subscription->generation, subscription->options.skip_lag);
  std::vector<Assigned> assigned;
  assigned.reserve(subscription->slots.size());
  for (const Slot& slot : subscription->slots) {
    TopicPartition partition{slot.assignment.topic, slot.assignment.partition};
    std::optional<int64_t> position;
    if (slot.start) {
      position = slot.start->offset;
      add_cursor_(subscription->session, subscription->generation, partition, slot.stretch(),
                  slot.start->exact ? Session::Announce::kNo : Session::Announce::kInexact);
    }
    assigned.push_back({std::move(partition), Shown(slot.assignment.start, position)});
  }
  tell_(SubscribedEvent{session.id(), subscription->request, std::move(assigned)});
  if (session.TakeNews()) ready_(session.id());  // that this is the end, if nothing was subscribed
  Watch(*subscription);
  // The timer of a subscription outlives it: what is large goes now.
  if (complete) subscription->slots.clear();
  subscription->assignments.clear();
}

// What has the end as it is now does not grow.
void Subscriptions::Watch(const Subscription& subscription) {
  Watches::Watch watch;
  watch.session = subscription.session;
  watch.generation = subscription.generation;
  watch.max_partitions = subscription.options.max_partitions;
  watch.partitions = subscription.slots.size();
  watch.names = subscription.options.names;
  for (const Assignment& assignment : subscription.assignments) {
    if (assignment.partition != kAllPartitions || assignment.until.kind == Until::Kind::kEnd) continue;
    watch.topics[assignment.topic].until = assignment.until;
  }
  for (const Slot& slot : subscription.slots) {
    auto topic = watch.topics.find(slot.assignment.topic);
    if (topic != watch.topics.end()) topic->second.known.insert(slot.assignment.partition);
  }
  watches_.Add(std::move(watch), topics_->last());
  if (watches_.empty() || std::exchange(looking_, true)) return;
  timers_->At(Clock::now() + kLookEvery, [this] { LookAgain(); });
}

void Subscriptions::LookAgain() {
  looking_ = !watches_.empty();
  if (!looking_) return;
  // Whatever is told to whomever, OnMetadata sees.
  topics_->Request(kLookEvery / 2, kTopicsTimeout, [](const ClusterMetadata*, const TopicDirectory::Failure*) {});
  timers_->At(Clock::now() + kLookEvery, [this] { LookAgain(); });
}

void Subscriptions::OnMetadata(const ClusterMetadata& metadata) {
  watches_.Look(metadata);
  if (!watches_.names()) {
    names_.clear();
    return;
  }
  std::vector<std::string> names = NamesOf(metadata);
  if (names == names_) return;
  names_ = names;
  tell_(TopicsEvent{kNobody, std::move(names)});
}

void Subscriptions::Join(SessionId session, Session::Generation generation, const std::vector<Assignment>& topics) {
  if (const ClusterMetadata* metadata = topics_->last()) watches_.AddTopics(session, generation, topics, *metadata);
}

void Subscriptions::OnFound(const Watches::Watch& watch, std::vector<Assignment> added) {
  if (added.empty()) {
    return tell_(SessionsErrorEvent{
        {watch.session->id()},
        {ErrorKind::kLimitExceeded,
         "More than " + std::to_string(watch.max_partitions) + " partitions: later ones are not read", ""}});
  }
  auto joining = std::make_shared<Subscription>();
  joining->session = watch.session;
  joining->generation = watch.generation;
  joining->state = Subscription::kAnswered;
  joining->announce = Session::Announce::kExact;
  for (Assignment& assignment : added) joining->slots.emplace_back().assignment = std::move(assignment);
  watch.session->Expect(watch.generation, joining->slots.size());
  for (size_t i = 0; i < joining->slots.size(); ++i) AskBounds(joining, i);
}

}  // namespace kasocki
