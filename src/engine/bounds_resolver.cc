// A request can ask one thing about a partition. So what was asked about all partitions is dealt out in rows: the first
// question of each partition makes a request, the second of each the next one, and so on. Beginnings and ends, which
// nearly everybody asks for, are thus two requests for all partitions together.
#include "engine/bounds_resolver.h"

#include <memory>
#include <optional>

namespace kasocki {
namespace {

constexpr int kTimeoutMs = 2000;
// One that waits for a partition without a leader must not hold up the others; but clients who each ask for a time of
// their own must not cause thousands at once.
constexpr size_t kMaxRequests = 16;

}  // namespace

void BoundsResolver::Ask(const TopicPartition& partition, Done done) {
  struct Sides {
    std::optional<Result<ListedOffset>> begin;
    std::optional<Result<ListedOffset>> end;
    Done done;
    void Tell() const {
      if (!begin || !end) return;
      if (!begin->ok()) return done(begin->error());
      if (!end->ok()) return done(end->error());
      done(LogBounds{begin->value().offset, end->value().offset, end->value().leader_epoch});
    }
  };
  auto sides = std::make_shared<Sides>();
  sides->done = std::move(done);
  asked_[partition][kLogBeginning].push_back([sides](const Result<ListedOffset>& listed) {
    sides->begin = listed;
    sides->Tell();
  });
  asked_[partition][kLogEnd].push_back([sides](const Result<ListedOffset>& listed) {
    sides->end = listed;
    sides->Tell();
  });
}

void BoundsResolver::Send() {
  while (!asked_.empty() && requests_.size() < kMaxRequests) {
    std::vector<OffsetQuery> queries;
    uint64_t id = next_request_++;
    for (auto it = asked_.begin(); it != asked_.end();) {
      auto question = it->second.begin();
      queries.push_back({it->first, question->first});
      requests_[id][it->first] = std::move(question->second);
      it->second.erase(question);
      it = it->second.empty() ? asked_.erase(it) : std::next(it);
    }
    client_->ListOffsets(id, queries, kTimeoutMs);
  }
}

void BoundsResolver::OnOffsets(const OffsetsEvent& event) {
  auto it = requests_.find(event.request);
  if (it == requests_.end()) return;
  std::map<TopicPartition, Waiters> waiting = std::move(it->second);
  requests_.erase(it);
  for (const ListedOffset& listed : event.offsets) {
    Result<ListedOffset> answer = listed.error ? Result<ListedOffset>(*listed.error) : Result<ListedOffset>(listed);
    for (const auto& tell : waiting[listed.partition]) tell(answer);
  }
}

}  // namespace kasocki
