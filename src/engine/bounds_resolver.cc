#include "engine/bounds_resolver.h"

namespace kasocki {
namespace {

constexpr int kTimeoutMs = 2000;
// A round that waits for a partition without a leader must not hold up the others' rounds.
constexpr size_t kMaxRounds = 8;

}  // namespace

void BoundsResolver::Send() {
  if (asked_.empty() || rounds_.size() >= kMaxRounds) return;
  uint64_t id = next_round_++;
  Round& round = rounds_[id];
  std::vector<TopicPartition> partitions;
  for (auto& [partition, waiters] : asked_) {
    partitions.push_back(partition);
    round.answers[partition].waiters = std::move(waiters);
  }
  asked_.clear();
  client_->ListOffsets(2 * id, partitions, OffsetSpec::kEarliest, kTimeoutMs);
  client_->ListOffsets(2 * id + 1, partitions, OffsetSpec::kLatest, kTimeoutMs);
}

void BoundsResolver::OnOffsets(const OffsetsEvent& event) {
  auto it = rounds_.find(event.request / 2);
  if (it == rounds_.end()) return;
  Round& round = it->second;
  for (const ListedOffset& listed : event.offsets) {
    auto answer = round.answers.find(listed.partition);
    if (answer == round.answers.end()) continue;
    Result<int64_t>& side = event.request % 2 == 0 ? answer->second.begin : answer->second.end;
    if (listed.error) {
      side = *listed.error;
    } else {
      side = listed.offset;
    }
  }
  if (--round.outstanding > 0) return;
  std::map<TopicPartition, Answer> answers = std::move(round.answers);
  rounds_.erase(it);
  for (const auto& [partition, answer] : answers) {
    Result<Bounds> bounds = !answer.begin.ok() ? Result<Bounds>(answer.begin.error())
                            : !answer.end.ok() ? Result<Bounds>(answer.end.error())
                                               : Result<Bounds>(Bounds{answer.begin.value(), answer.end.value()});
    for (const Done& done : answer.waiters) done(bounds);
  }
}

}  // namespace kasocki
