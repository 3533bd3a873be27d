#include "engine/subscriptions.h"

#include <algorithm>
#include <utility>

namespace kasocki {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTopicsAge{5000};       // how old the list of topics may be
constexpr milliseconds kTopicsAgeAgain{1000};  // ... when a name is not in it
constexpr milliseconds kTopicsTimeout{10000};
constexpr milliseconds kAnswerAfter{5000};  // a partition without a leader delays the answer so long at most
constexpr milliseconds kAskAgainAfter{200};

// Errors of one partition that no waiting will heal.
bool IsLasting(const Error& error) {
  return error.code == "TOPIC_AUTHORIZATION_FAILED" || error.code == "INVALID_TOPIC_EXCEPTION" ||
         error.code == "UNSUPPORTED_VERSION";
}

}  // namespace

struct Subscriptions::Subscription {
  std::shared_ptr<Session> session;
  RequestId request;
  std::vector<Assignment> assignments;            // as asked for; then with partitions filled in
  std::vector<std::optional<int64_t>> positions;  // once known
  size_t known = 0;
  enum { kOpen, kAnswered, kRefused } state = kOpen;
};

void Subscriptions::Subscribe(std::shared_ptr<Session> session, RequestId request,
                              std::vector<Assignment> assignments) {
  auto subscription = std::make_shared<Subscription>();
  subscription->session = std::move(session);
  subscription->request = request;
  subscription->assignments = std::move(assignments);
  FindTopics(subscription, false);
}

void Subscriptions::Refuse(const Shared& subscription, Error error) {
  subscription->state = Subscription::kRefused;
  answer_({subscription->session->id(), subscription->request, std::move(error)});
}

void Subscriptions::FindTopics(const Shared& subscription, bool last_try) {
  topics_->Request(
      last_try ? kTopicsAgeAgain : kTopicsAge, kTopicsTimeout,
      [this, subscription, last_try](const ClusterMetadata* metadata, const TopicDirectory::Failure* failure) {
        if (failure != nullptr) return Refuse(subscription, failure->error);
        std::vector<Assignment> expanded;
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
            expanded.push_back({assignment.topic, partition.id, assignment.offset});
            found = true;
          }
          if (!found) {
            if (!last_try) return FindTopics(subscription, true);
            return Refuse(
                subscription,
                {ErrorKind::kInvalidAssignment,
                 "Topic " + assignment.topic + " has no partition " + std::to_string(assignment.partition), ""});
          }
        }
        subscription->assignments = std::move(expanded);
        subscription->positions.resize(subscription->assignments.size());
        for (size_t i = 0; i < subscription->assignments.size(); ++i) AskBounds(subscription, i);
        timers_->At(Clock::now() + kAnswerAfter, [this, subscription] {
          if (subscription->state == Subscription::kOpen) AnswerNow(subscription);
        });
        AnswerIfDone(subscription);
      });
}

void Subscriptions::AskBounds(const Shared& subscription, size_t index) {
  const Assignment& assignment = subscription->assignments[index];
  bounds_->Ask({assignment.topic, assignment.partition},
               [this, subscription, index](const Result<BoundsResolver::Bounds>& bounds) {
                 OnBounds(subscription, index, bounds);
               });
}

Result<int64_t> Subscriptions::Resolve(const Assignment& assignment, const BoundsResolver::Bounds& bounds) const {
  auto [begin, end] = bounds;
  if (assignment.offset == kOffsetEnd) return end;
  if (assignment.offset == kOffsetBeginning) return begin;
  if (assignment.offset >= begin && assignment.offset <= end) return assignment.offset;
  if (reset_ == OffsetReset::kEarliest) return begin;
  if (reset_ == OffsetReset::kLatest) return end;
  return Error{ErrorKind::kInvalidAssignment,
               "Offset " + std::to_string(assignment.offset) + " of topic " + assignment.topic + " partition " +
                   std::to_string(assignment.partition) + " is not in the log",
               ""};
}

void Subscriptions::OnBounds(const Shared& subscription, size_t index, const Result<BoundsResolver::Bounds>& bounds) {
  if (subscription->state == Subscription::kRefused || subscription->session->closed()) return;
  const bool open = subscription->state == Subscription::kOpen;
  const Assignment& assignment = subscription->assignments[index];
  if (!bounds.ok()) {
    if (open && IsLasting(bounds.error())) return Refuse(subscription, bounds.error());
    timers_->At(Clock::now() + kAskAgainAfter, [this, subscription, index] {
      if (!subscription->session->closed()) AskBounds(subscription, index);
    });
    return;
  }
  Result<int64_t> position = Resolve(assignment, bounds.value());
  if (open) {
    if (!position.ok()) return Refuse(subscription, position.error());
    subscription->positions[index] = position.value();
    ++subscription->known;
    return AnswerIfDone(subscription);
  }
  // The answer did not wait for this partition: it starts at the first end learnt.
  int64_t start = position.ok() ? position.value() : bounds.value().second;
  add_cursor_(subscription->session, {assignment.topic, assignment.partition}, start);
}

void Subscriptions::AnswerIfDone(const Shared& subscription) {
  if (subscription->known == subscription->assignments.size()) AnswerNow(subscription);
}

void Subscriptions::AnswerNow(const Shared& subscription) {
  subscription->state = Subscription::kAnswered;
  if (subscription->session->closed()) return;
  const bool complete = subscription->known == subscription->assignments.size();
  for (size_t i = 0; i < subscription->assignments.size(); ++i) {
    const Assignment& assignment = subscription->assignments[i];
    if (!subscription->positions[i]) continue;
    add_cursor_(subscription->session, {assignment.topic, assignment.partition}, *subscription->positions[i]);
  }
  // The timer of a subscription outlives it: what is large goes now.
  std::vector<Assignment> assignments =
      complete ? std::exchange(subscription->assignments, {}) : subscription->assignments;
  subscription->positions.clear();
  answer_({subscription->session->id(), subscription->request, std::move(assignments)});
}

}  // namespace kasocki
