// Watches: which topics sessions read in all partitions, those included that will be added later.
#ifndef KASOCKI_ENGINE_WATCHES_H_
#define KASOCKI_ENGINE_WATCHES_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/session.h"
#include "engine/starts.h"
#include "kafka/client.h"

namespace kasocki {

// Used by the worker alone.
class Watches {
 public:
  // What a session watches. It is of one subscription, and ends with it.
  struct Watch {
    struct Topic {
      Until until;
      std::set<int32_t> known;  // partitions that are subscribed, or were
    };
    std::shared_ptr<Session> session;
    Session::Generation generation = 0;
    size_t max_partitions = 0;
    size_t partitions = 0;  // subscribed in all
    std::map<std::string, Topic> topics;
    bool names = false;  // the main thread follows the names of topics, for a pattern
    bool full = false;   // there were more partitions than may be subscribed
  };
  // New partitions, to be read from their beginnings; none: there are more than may be subscribed.
  using Found = std::function<void(const Watch&, std::vector<Assignment>)>;

  explicit Watches(Found found) : found_(std::move(found)) {}
  Watches(const Watches&) = delete;
  Watches& operator=(const Watches&) = delete;

  // `metadata`: what Kafka last told; there may be news in it since the watch was made. Null: nothing was told yet.
  void Add(Watch watch, const ClusterMetadata* metadata);
  // Further topics of a watch that is there, as yet without partitions; what Kafka last told has them.
  void AddTopics(SessionId session, Session::Generation generation, const std::vector<Assignment>& topics,
                 const ClusterMetadata& metadata);
  void Remove(SessionId session) { watches_.erase(session); }

  // Kafka has told which topics and partitions there are.
  void Look(const ClusterMetadata& metadata);

  bool empty() const { return watches_.empty(); }
  // Somebody follows the names of topics.
  bool names() const;

 private:
  void LookAt(Watch* watch, const ClusterMetadata& metadata);

  const Found found_;
  std::map<SessionId, Watch> watches_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_WATCHES_H_
