#include "engine/watches.h"

#include <algorithm>
#include <utility>

namespace kasocki {

void Watches::Add(Watch watch, const ClusterMetadata* metadata) {
  if ((watch.topics.empty() && !watch.names) || !watch.session->Continues(watch.generation)) return;
  SessionId id = watch.session->id();
  Watch& added = watches_.insert_or_assign(id, std::move(watch)).first->second;
  if (metadata != nullptr) LookAt(&added, *metadata);
}

void Watches::AddTopics(SessionId session, Session::Generation generation, const std::vector<Assignment>& topics,
                        const ClusterMetadata& metadata) {
  auto it = watches_.find(session);
  if (it == watches_.end() || it->second.generation != generation) return;
  for (const Assignment& topic : topics) it->second.topics.try_emplace(topic.topic).first->second.until = topic.until;
  LookAt(&it->second, metadata);
}

bool Watches::names() const {
  return std::any_of(watches_.begin(), watches_.end(), [](const auto& entry) { return entry.second.names; });
}

void Watches::Look(const ClusterMetadata& metadata) {
  for (auto it = watches_.begin(); it != watches_.end();) {
    Watch& watch = it->second;
    if (!watch.session->Continues(watch.generation)) {
      it = watches_.erase(it);
    } else {
      LookAt(&watch, metadata);
      ++it;
    }
  }
}

void Watches::LookAt(Watch* watch, const ClusterMetadata& metadata) {
  std::vector<Assignment> added;
  for (auto& [name, topic] : watch->topics) {
    auto found = metadata.find(name);
    if (found == metadata.end() || found->second.size() == topic.known.size()) continue;
    if (!watch->session->Wants(name)) continue;
    for (const PartitionMetadata& partition : found->second) {
      if (topic.known.contains(partition.id)) continue;
      if (watch->partitions >= watch->max_partitions) {
        if (!std::exchange(watch->full, true)) found_(*watch, {});
        continue;
      }
      topic.known.insert(partition.id);
      ++watch->partitions;
      added.push_back({name, partition.id, {Start::Kind::kOffset, kOffsetBeginning, {}}, topic.until});
    }
  }
  if (!added.empty()) found_(*watch, std::move(added));
}

}  // namespace kasocki
