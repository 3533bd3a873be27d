// BoundsResolver: asks Kafka where logs begin and end, and where a time is in them, for many who ask at once.
#ifndef KASOCKI_ENGINE_BOUNDS_RESOLVER_H_
#define KASOCKI_ENGINE_BOUNDS_RESOLVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "common/result.h"
#include "engine/starts.h"
#include "kafka/client.h"

namespace kasocki {

// A thousand sockets that subscribe in one moment cost a few requests: what is asked in one turn of the worker goes out
// together, without duplicates. Nobody is answered by a request that began before he asked. Used by the worker alone.
class BoundsResolver {
 public:
  using Done = std::function<void(const Result<LogBounds>&)>;
  using Found = std::function<void(const Result<int64_t>&)>;

  // The client outlives the resolver.
  explicit BoundsResolver(KafkaClient* client) : client_(client) {}
  BoundsResolver(const BoundsResolver&) = delete;
  BoundsResolver& operator=(const BoundsResolver&) = delete;

  void Ask(const TopicPartition& partition, Done done);
  void AskEnd(const TopicPartition& partition, Found found) { AskTime(partition, kLogEnd, std::move(found)); }
  // Where the first record of that time (ms since 1970, >= 0) or later is; -1: there is none yet.
  void AskTime(const TopicPartition& partition, int64_t time, Found found) {
    asked_[partition][time].push_back([found = std::move(found)](const Result<ListedOffset>& listed) {
      found(listed.ok() ? Result<int64_t>(listed.value().offset) : Result<int64_t>(listed.error()));
    });
  }

  // Sends what was asked. To be called once in each turn of the worker.
  void Send();

  void OnOffsets(const OffsetsEvent& event);

 private:
  using Waiters = std::vector<std::function<void(const Result<ListedOffset>&)>>;

  KafkaClient* const client_;
  // By partition and what is asked about it, as in OffsetQuery.
  std::map<TopicPartition, std::map<int64_t, Waiters>> asked_;
  // By request: those who wait for a partition's answer.
  std::map<uint64_t, std::map<TopicPartition, Waiters>> requests_;
  uint64_t next_request_ = 1;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_BOUNDS_RESOLVER_H_
