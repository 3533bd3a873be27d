// KafkaClient: one librdkafka instance, used as a reader without a consumer group.
//
// Owned and used by one thread; FetchMetadata and CancelMetadata alone may be called from others. No call here blocks,
// but FetchMetadata and destruction. rdkafka.h is included by the sources of this folder alone.
#ifndef KASOCKI_KAFKA_CLIENT_H_
#define KASOCKI_KAFKA_CLIENT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/result.h"
#include "kafka/log_reader.h"

namespace kasocki {

// librdkafka properties by its own names, values as text. What the user wrote, without our defaults.
struct KafkaConfig {
  std::vector<std::pair<std::string, std::string>> global;
  std::vector<std::pair<std::string, std::string>> topic;  // `default_topic_config`
};

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

struct PartitionMetadata {
  int32_t id = 0;
  bool has_leader = false;
};

// Topics of the cluster with their partitions in order of id. Topics that are being deleted or that we may not see are
// absent.
using ClusterMetadata = std::map<std::string, std::vector<PartitionMetadata>>;

// What ListOffsets may be asked about a partition: a time (ms since 1970; the answer is the first offset whose record is
// of that time or later), or one of these.
inline constexpr int64_t kLogEnd = -1;  // the last stable offset under read_committed
inline constexpr int64_t kLogBeginning = -2;

struct OffsetQuery {
  TopicPartition partition;
  int64_t what = kLogEnd;
};

// One partition's answer to ListOffsets.
struct ListedOffset {
  TopicPartition partition;
  int64_t offset = -1;  // -1 without an error: no record is of that time or later
  int32_t leader_epoch = -1;
  std::optional<Error> error;
};

// What a client reports between reads.

// A line of librdkafka's log. For the operator's eyes: secrets and paths are masked, broker addresses are not.
struct LogEvent {
  int level;  // syslog's 0 (emergency) to 7 (debug)
  std::string facility;
  std::string text;
  std::string instance;  // librdkafka's name of the client, as in its statistics; "": of no one client
};

// At most so many of them wait wherever they wait; those that come after them are counted and dropped.
inline constexpr size_t kMaxLogLines = 1000;

// Stands for lines that were dropped.
inline LogEvent DroppedLogLines(size_t count) {
  constexpr int kWarning = 4;
  return {kWarning, "LOG", std::to_string(count) + " more lines of librdkafka's log were dropped", ""};
}

// Something went wrong with the instance or a broker; librdkafka goes on trying unless `fatal`.
struct ErrorEvent {
  Error error;
  bool fatal;
  bool authentication;  // credentials or TLS: waiting will hardly heal it
  bool all_brokers_down;
};

// Only if `statistics.interval.ms` is set. Holds broker addresses and client.id, no other configuration value.
struct StatsEvent {
  std::string json;
};

struct ThrottleEvent {
  std::string broker;
  int32_t broker_id;
  int64_t throttle_ms;
};

struct OffsetsEvent {
  uint64_t request;
  std::vector<ListedOffset> offsets;  // every partition asked for, in order of topic and partition
};

// The ids of topics: what tells a topic from one of the same name that was made anew.
struct TopicIdsEvent {
  uint64_t request;
  // 16 bytes each. Absent: Kafka has told none (it is too old, knows no such topic, or did not answer in time).
  std::map<std::string, std::string> ids;
};

// SASL/OAUTHBEARER wants a token: answer with SetOAuthBearerToken or FailOAuthBearerToken.
struct TokenRefreshEvent {
  std::string oauthbearer_config;  // the value of `sasl.oauthbearer.config`: for the user's callback, not for logs
};

using ClientEvent =
    std::variant<LogEvent, ErrorEvent, StatsEvent, ThrottleEvent, OffsetsEvent, TopicIdsEvent, TokenRefreshEvent>;

class KafkaClient {
 public:
  enum class Role {
    kTail,     // follows the ends of many partitions
    kCatchUp,  // reads from older offsets as fast as it can
  };

  // `wake` is called from librdkafka's threads when an event can be polled (and once from here: poll after Create). It
  // must not block nor call back into the client, and outlives it. It comes when the first event waits after PollEvents
  // had taken all, not for each event. An error is of kind kConfiguration and names the property, never its value.
  static Result<std::unique_ptr<KafkaClient>> Create(const KafkaConfig& config, Role role, std::function<void()> wake);

  // Joins librdkafka's threads: some milliseconds, brokers up or down; longer only while a host name is being resolved.
  // All readers must be gone and no FetchMetadata running (CancelMetadata, then join the thread that runs it).
  virtual ~KafkaClient() = default;

  // Starts to read at `offset` (>= 0) a partition that FetchMetadata has listed (one that never was is waited for,
  // without an error; a topic that is deleted becomes an error of the reader, as a rule within seconds). One reader a
  // partition at a time (else an error with code `_CONFLICT`). `wake` as above: records can be read. It comes when the
  // first record waits after Read had taken all; see LogReader::Read.
  virtual Result<std::unique_ptr<LogReader>> OpenReader(const TopicPartition& partition, int64_t offset,
                                                        std::function<void()> wake) = 0;

  // Looks offsets up. The answer is an OffsetsEvent with this `request`, at the latest some 0.1 s after `timeout_ms`,
  // errors inside. Of several queries about one partition the first alone is answered. One without a leader costs its
  // neighbours half of the time, not the answer.
  virtual void ListOffsets(uint64_t request, const std::vector<OffsetQuery>& queries, int timeout_ms) = 0;

  // Asks for the ids of topics, each named once. The answer is a TopicIdsEvent with this `request`, soon after
  // `timeout_ms` at the latest.
  virtual void DescribeTopics(uint64_t request, const std::vector<std::string>& topics, int timeout_ms) = 0;

  // The cluster's id as Kafka told it with the last metadata; empty: it has not.
  virtual std::string ClusterId() = 0;

  // Hands over all waiting events.
  virtual void PollEvents(const std::function<void(ClientEvent)>& sink) = 0;

  // Blocks up to `timeout_ms`. From any thread. All topics, internal ones (`__consumer_offsets`) too. No broker in
  // reach: `_TRANSPORT` or `_TIMED_OUT`; cancelled: kClosed.
  virtual Result<ClusterMetadata> FetchMetadata(int timeout_ms) = 0;

  // Makes a FetchMetadata that runs now return within some 0.2 s (if no broker can be reached; else up to 3 s while one
  // is reached but does not answer), and later ones at once. From any thread.
  virtual void CancelMetadata() = 0;

  // Answers a TokenRefreshEvent. `expires_ms`: since 1970.
  virtual Result<bool> SetOAuthBearerToken(const std::string& token, int64_t expires_ms, const std::string& principal,
                                           const std::vector<std::pair<std::string, std::string>>& extensions) = 0;
  virtual void FailOAuthBearerToken(const std::string& reason) = 0;
};

// librdkafka's version as it tells it, "2.15.1".
const char* LibrdkafkaVersion();

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_CLIENT_H_
