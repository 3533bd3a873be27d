// TopicIds: asks Kafka for the ids of topics, for many who ask at once.
#ifndef KASOCKI_ENGINE_TOPIC_IDS_H_
#define KASOCKI_ENGINE_TOPIC_IDS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kafka/client.h"

namespace kasocki {

// One request is under way at a time; what is asked meanwhile goes out with the next one, together. Nobody is answered
// by a request that began before he asked: the topic may have been made anew. Used by the worker alone.
class TopicIds {
 public:
  using Ids = std::map<std::string, std::string>;  // by topic; those that Kafka did not tell are absent
  using Done = std::function<void(const Ids&)>;

  // The client outlives this.
  explicit TopicIds(KafkaClient* client) : client_(client) {}
  TopicIds(const TopicIds&) = delete;
  TopicIds& operator=(const TopicIds&) = delete;

  // `done` gets the ids of these topics, and maybe those of others.
  void Ask(const std::vector<std::string>& topics, Done done);

  // Sends what was asked. To be called once in each turn of the worker.
  void Send();

  void OnTopicIds(const TopicIdsEvent& event);

 private:
  KafkaClient* const client_;
  std::set<std::string> asked_;
  std::vector<Done> asking_;
  std::vector<Done> waiting_;  // for the request under way
  bool under_way_ = false;
  uint64_t request_ = 0;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_TOPIC_IDS_H_
