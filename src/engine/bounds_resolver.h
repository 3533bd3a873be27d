// BoundsResolver: asks Kafka where logs begin and end, for many who ask at once.
#ifndef KASOCKI_ENGINE_BOUNDS_RESOLVER_H_
#define KASOCKI_ENGINE_BOUNDS_RESOLVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "common/result.h"
#include "kafka/client.h"

namespace kasocki {

// A thousand sockets that subscribe in one moment cost a few requests: what is asked while a round of requests is under
// way goes, without duplicates, into the next round. Nobody is answered by a round that began before he asked. Used by
// the worker alone.
class BoundsResolver {
 public:
  using Bounds = std::pair<int64_t, int64_t>;  // [begin, end): the first offset, the one behind the last
  using Done = std::function<void(const Result<Bounds>&)>;

  // The client outlives the resolver.
  explicit BoundsResolver(KafkaClient* client) : client_(client) {}
  BoundsResolver(const BoundsResolver&) = delete;
  BoundsResolver& operator=(const BoundsResolver&) = delete;

  void Ask(const TopicPartition& partition, Done done) { asked_[partition].push_back(std::move(done)); }

  // Sends what was asked. To be called once in each turn of the worker.
  void Send();

  void OnOffsets(const OffsetsEvent& event);

 private:
  struct Answer {
    std::vector<Done> waiters;
    Result<int64_t> begin = int64_t{-1};
    Result<int64_t> end = int64_t{-1};
  };
  struct Round {
    std::map<TopicPartition, Answer> answers;
    int outstanding = 2;  // the request for the beginnings, and the one for the ends
  };

  KafkaClient* const client_;
  std::map<TopicPartition, std::vector<Done>> asked_;
  // By the id of the round; its requests are 2 * id (beginnings) and 2 * id + 1 (ends).
  std::map<uint64_t, Round> rounds_;
  uint64_t next_round_ = 1;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_BOUNDS_RESOLVER_H_
