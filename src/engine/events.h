// What the worker tells the main thread.
#ifndef KASOCKI_ENGINE_EVENTS_H_
#define KASOCKI_ENGINE_EVENTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/result.h"
#include "engine/session.h"
#include "engine/starts.h"
#include "kafka/client.h"
#include "record/record_chunk.h"

namespace kasocki {

using RequestId = uint32_t;

// Of an event that nobody asked for.
inline constexpr RequestId kNobody = 0;

// The answer to Hub::RequestTopics; to kNobody, when names came or went and a session follows them. `healable`: an error
// that may pass by itself.
struct TopicsEvent {
  RequestId request;
  Result<std::vector<std::string>> topics;
  bool healable = true;
};
// The answer to Hub::Describe: the cluster's id, and the topics' in the order in which they were asked for; each empty
// where Kafka has not told it.
struct DescribedEvent {
  RequestId request;
  std::string cluster;
  std::vector<std::string> ids;
};
// A partition of a subscription. `offset`: as it was asked for; the real one where that was a time or a distance.
struct Assigned {
  TopicPartition partition;
  std::optional<int64_t> offset;  // nullopt: Kafka has not told yet
};
// The answer to Hub::Subscribe, partitions filled in.
struct SubscribedEvent {
  SessionId session;
  RequestId request;
  Result<std::vector<Assigned>> assignments;
};
// A lasting error of a partition that these sessions read.
struct SessionsErrorEvent {
  std::vector<SessionId> sessions;
  Error error;
};
// Records skipped since the last such event, with the first of them.
struct SkippedEvent {
  uint64_t count = 0;
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  std::string reason;
};
// Messages on which the server's own filter took too many steps since the last such event, with the last of them.
struct GuardBudgetEvent {
  uint64_t count = 0;
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
};
// Records for a JavaScript deserializer; answered by Hub::Deserialized.
struct DeserializeEvent {
  RequestId request;
  FunctionId decoder;
  TopicPartition partition;
  std::shared_ptr<const RecordChunk> records;
};
// Messages for a JavaScript matcher; answered by Hub::Matched.
struct MatchEvent {
  RequestId request;
  FunctionId matcher;
  std::shared_ptr<const std::vector<std::string>> texts;
};
struct ClosedEvent {};

// librdkafka's own events travel as they are.
using HubEvent = std::variant<TopicsEvent, DescribedEvent, SubscribedEvent, SessionsErrorEvent, SkippedEvent,
                              GuardBudgetEvent, DeserializeEvent, MatchEvent, ClosedEvent, LogEvent, ErrorEvent,
                              StatsEvent, ThrottleEvent, TokenRefreshEvent>;

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_EVENTS_H_
