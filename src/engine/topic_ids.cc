#include "engine/topic_ids.h"

#include <utility>

namespace kasocki {
namespace {

// What waits for an id goes on without it, rather than for long.
constexpr int kTimeoutMs = 2000;

}  // namespace

void TopicIds::Ask(const std::vector<std::string>& topics, Done done) {
  if (topics.empty()) return done({});
  asked_.insert(topics.begin(), topics.end());
  asking_.push_back(std::move(done));
}

void TopicIds::Send() {
  if (under_way_ || asking_.empty()) return;
  under_way_ = true;
  waiting_ = std::exchange(asking_, {});
  const std::set<std::string> topics = std::exchange(asked_, {});
  client_->DescribeTopics(++request_, {topics.begin(), topics.end()}, kTimeoutMs);
}

void TopicIds::OnTopicIds(const TopicIdsEvent& event) {
  if (event.request != request_) return;
  under_way_ = false;
  for (const Done& done : std::exchange(waiting_, {})) done(event.ids);
}

}  // namespace kasocki
