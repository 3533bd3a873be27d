// TopicLives: notices that a topic was deleted and made anew, by its id.
//
// Offsets say nothing of it: a new topic that has grown beyond a reader's place goes on there, for librdkafka as well. So
// the ids of all topics that are read are asked for now and then, and at once where a reader finds that something is wrong.
#ifndef KASOCKI_ENGINE_TOPIC_LIVES_H_
#define KASOCKI_ENGINE_TOPIC_LIVES_H_

#include <functional>
#include <map>
#include <set>
#include <string>

#include "engine/cursor.h"
#include "engine/timers.h"
#include "engine/topic_ids.h"

namespace kasocki {

// Used by the worker alone; it outlives all its callbacks.
class TopicLives {
 public:
  using Topics = std::function<std::set<std::string>()>;
  using Told = std::function<void(const std::string& topic, TopicLife life)>;
  using Done = std::function<void()>;

  // `topics`: those that are read. `told` gets the life that a topic is in each time that Kafka has told its id (which a
  // Kafka before 2.8 has not). `ids` and `timers` outlive this.
  TopicLives(TopicIds* ids, Timers* timers, Topics topics, Told told);
  TopicLives(const TopicLives&) = delete;
  TopicLives& operator=(const TopicLives&) = delete;

  // Something of this topic is read from now on. Its life is asked for at once if nothing of it was read before.
  void Read(const std::string& topic);

  // Asks for one topic now; `done` follows `told`, and comes without it if Kafka does not tell.
  void Ask(const std::string& topic, Done done);

 private:
  struct Known {
    std::string id;  // empty: not yet
    TopicLife life = kUnknownLife;
    std::set<std::string> past;  // ids that it had: a broker that has not heard of the new one may still tell them
  };

  void LookAgain();
  void LookSoon();
  void Look();
  void OnIds(const std::set<std::string>& asked, const TopicIds::Ids& ids);

  TopicIds* const ids_;
  Timers* const timers_;
  const Topics topics_;
  const Told told_;
  std::map<std::string, Known> known_;  // of topics that are read
  TopicLife last_ = kUnknownLife;
  bool soon_ = false;  // a timer will look
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_TOPIC_LIVES_H_
