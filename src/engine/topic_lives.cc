#include "engine/topic_lives.h"

#include <utility>

namespace kasocki {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{5000};
constexpr milliseconds kLookSoon{500};  // many subscribe at once

}  // namespace

TopicLives::TopicLives(TopicIds* ids, Timers* timers, Topics topics, Told told)
    : ids_(ids), timers_(timers), topics_(std::move(topics)), told_(std::move(told)) {
  timers_->At(Clock::now() + kLookEvery, [this] { LookAgain(); });
}

void TopicLives::LookAgain() {
  Look();
  timers_->At(Clock::now() + kLookEvery, [this] { LookAgain(); });
}

void TopicLives::Read(const std::string& topic) {
  if (!known_.try_emplace(topic).second) return LookSoon();
  ids_->Ask({topic}, [this, topic](const TopicIds::Ids& ids) { OnIds({topic}, ids); });
}

void TopicLives::LookSoon() {
  if (std::exchange(soon_, true)) return;
  timers_->At(Clock::now() + kLookSoon, [this] {
    soon_ = false;
    Look();
  });
}

void TopicLives::Look() {
  const std::set<std::string> topics = topics_();
  std::erase_if(known_, [&](const auto& entry) { return !topics.contains(entry.first); });
  if (topics.empty()) return;
  ids_->Ask({topics.begin(), topics.end()}, [this, topics](const TopicIds::Ids& ids) { OnIds(topics, ids); });
}

void TopicLives::Ask(const std::string& topic, Done done) {
  ids_->Ask({topic}, [this, topic, done = std::move(done)](const TopicIds::Ids& ids) {
    OnIds({topic}, ids);
    done();
  });
}

void TopicLives::OnIds(const std::set<std::string>& asked, const TopicIds::Ids& ids) {
  for (const std::string& topic : asked) {
    auto found = ids.find(topic);
    if (found == ids.end()) continue;
    Known& known = known_[topic];
    if (known.past.contains(found->second)) continue;
    if (known.id != found->second) {
      if (!known.id.empty()) known.past.insert(known.id);
      known.id = found->second;
      known.life = ++last_;
    }
    told_(topic, known.life);
  }
}

}  // namespace kasocki
