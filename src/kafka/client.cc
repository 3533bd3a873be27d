// KafkaClient on librdkafka.
//
// Everything that librdkafka says arrives in one of two places: its main queue (errors, statistics, answers to
// ListOffsets, requests for OAuth tokens), which PollEvents drains, and the Inbox (log lines, throttling). Records come
// by each reader's own queue and never pass here.
#include "kafka/client.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <string_view>
#include <utility>

#include "json/scanner.h"
#include "kafka/config.h"
#include "kafka/inbox.h"
#include "kafka/kafka_error.h"
#include "kafka/offset_lister.h"
#include "kafka/reader.h"

namespace kasocki {
namespace {

using Clock = std::chrono::steady_clock;

// rd_kafka_metadata can't be interrupted, so it is asked for in slices: short ones while no broker is in reach, longer
// ones for a cluster that is reached and takes its time.
constexpr int kFirstSliceMs = 200;
constexpr int kMaxSliceMs = 3000;

Error Cancelled() { return Error{ErrorKind::kClosed, "The connection to Kafka is being closed", ""}; }

ClusterMetadata Convert(const rd_kafka_metadata_t& metadata) {
  ClusterMetadata topics;
  for (int i = 0; i < metadata.topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata.topics[i];
    // A topic may have an error of its own although its partitions are listed: while some have no leader.
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR && topic.err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) continue;
    if (topic.topic == nullptr || topic.partition_cnt <= 0) continue;
    std::vector<PartitionMetadata>& partitions = topics[topic.topic];
    partitions.reserve(static_cast<size_t>(topic.partition_cnt));
    for (int j = 0; j < topic.partition_cnt; ++j) {
      partitions.push_back(PartitionMetadata{topic.partitions[j].id, topic.partitions[j].leader >= 0});
    }
    std::sort(partitions.begin(), partitions.end(),
              [](const PartitionMetadata& a, const PartitionMetadata& b) { return a.id < b.id; });
  }
  return topics;
}

// librdkafka writes its client.id, which may hold anything, into its statistics as it is: at their beginning, twice.
std::string ValidStatistics(const rd_kafka_t* client, std::string_view json) {
  const std::string_view name = rd_kafka_name(client);
  const std::string_view id = name.substr(0, name.rfind('#'));
  std::string written = "{ \"name\": \"";
  written.append(name).append("\", \"client_id\": \"").append(id).append("\"");
  if (!json.starts_with(written)) return std::string(json);
  std::string valid = "{ \"name\": ";
  AppendJsonString(name, &valid);
  valid.append(", \"client_id\": ");
  AppendJsonString(id, &valid);
  return valid.append(json.substr(written.size()));
}

// The answer to DescribeTopics; where that failed, it has no ids.
TopicIdsEvent Convert(rd_kafka_event_t* event) {
  TopicIdsEvent answer{static_cast<uint64_t>(reinterpret_cast<uintptr_t>(rd_kafka_event_opaque(event))), {}};
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) return answer;
  size_t count = 0;
  const rd_kafka_TopicDescription_t** topics =
      rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
  for (size_t i = 0; i < count; ++i) {
    if (rd_kafka_error_code(rd_kafka_TopicDescription_error(topics[i])) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const rd_kafka_Uuid_t* id = rd_kafka_TopicDescription_topic_id(topics[i]);
    const int64_t halves[] = {rd_kafka_Uuid_most_significant_bits(id), rd_kafka_Uuid_least_significant_bits(id)};
    if (halves[0] == 0 && halves[1] == 0) continue;  // a Kafka before 2.8
    answer.ids[rd_kafka_TopicDescription_name(topics[i])].assign(reinterpret_cast<const char*>(halves), sizeof(halves));
  }
  return answer;
}

class RdKafkaClient : public KafkaClient {
 public:
  RdKafkaClient(RdClient client, std::unique_ptr<Inbox> inbox, rd_kafka_IsolationLevel_t isolation)
      : inbox_(std::move(inbox)),
        client_(std::move(client)),
        queue_(rd_kafka_queue_get_main(client_.get())),
        offset_lister_(client_.get(), queue_.get(), isolation) {
    rd_kafka_queue_cb_event_enable(
        queue_.get(), [](rd_kafka_t*, void* inbox) { static_cast<Inbox*>(inbox)->Wake(); }, inbox_.get());
    inbox_->Wake();  // for what came before the callback was set
  }

  ~RdKafkaClient() override {
    rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
    inbox_->Close();
  }

  Result<std::unique_ptr<LogReader>> OpenReader(const TopicPartition& partition, int64_t offset,
                                                std::function<void()> wake) override {
    if (partition.topic.empty() || partition.partition < 0 || offset < 0) {
      return MakeKafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG);
    }
    auto [open, inserted] = open_.insert(partition);
    // librdkafka would silently take the partition away from the reader that has it.
    if (!inserted) return MakeKafkaError(RD_KAFKA_RESP_ERR__CONFLICT);
    auto on_close = [this, partition] { open_.erase(partition); };
    RdTopic& topic = topics_[partition.topic];
    if (topic == nullptr) topic.reset(rd_kafka_topic_new(client_.get(), partition.topic.c_str(), nullptr));
    if (topic == nullptr) {
      rd_kafka_resp_err_t code = rd_kafka_last_error();
      topics_.erase(partition.topic);
      open_.erase(open);
      return MakeKafkaError(code);
    }
    return RdLogReader::Open(client_.get(), topic.get(), partition, offset, inbox_.get(), std::move(wake), on_close);
  }

  void ListOffsets(uint64_t request, const std::vector<OffsetQuery>& queries, int timeout_ms) override {
    std::optional<OffsetsEvent> answer = offset_lister_.Ask(request, queries, timeout_ms);
    if (!answer.has_value()) return;
    inbox_->Add(*std::move(answer));
    inbox_->Wake();
  }

  void DescribeTopics(uint64_t request, const std::vector<std::string>& topics, int timeout_ms) override {
    std::vector<const char*> names;
    for (const std::string& topic : topics) names.push_back(topic.c_str());
    RdTopicNames collection(rd_kafka_TopicCollection_of_topic_names(names.data(), names.size()));
    RdAdminOptions options(rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_DESCRIBETOPICS));
    char errstr[256];
    rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, errstr, sizeof(errstr));
    // The number itself is the opaque: there is nothing to be owned until the answer comes.
    rd_kafka_AdminOptions_set_opaque(options.get(), reinterpret_cast<void*>(static_cast<uintptr_t>(request)));
    rd_kafka_DescribeTopics(client_.get(), collection.get(), options.get(), queue_.get());
  }

  std::string ClusterId() override {
    char* id = rd_kafka_clusterid(client_.get(), /*timeout_ms=*/0);
    if (id == nullptr) return "";
    std::string copy = id;
    rd_kafka_mem_free(client_.get(), id);
    return copy;
  }

  void PollEvents(const std::function<void(ClientEvent)>& sink) override {
    std::vector<RdEvent> events;
    while (RdEvent event{rd_kafka_queue_poll(queue_.get(), /*timeout_ms=*/0)}) events.push_back(std::move(event));
    // What was written to the log before an error says why it came: nobody may have gone on the error before that.
    inbox_->Drain(rd_kafka_name(client_.get()), sink);
    for (const RdEvent& event : events) HandleEvent(event.get(), sink);
  }

  Result<ClusterMetadata> FetchMetadata(int timeout_ms) override {
    const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    int slice_ms = kFirstSliceMs;
    for (;;) {
      if (metadata_cancelled_) return Cancelled();
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      int wait_ms = static_cast<int>(std::clamp<int64_t>(left, 1, slice_ms));
      const rd_kafka_metadata_t* metadata = nullptr;
      rd_kafka_resp_err_t code =
          rd_kafka_metadata(client_.get(), /*all_topics=*/1, /*only_rkt=*/nullptr, &metadata, wait_ms);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ClusterMetadata topics = Convert(*metadata);
        rd_kafka_metadata_destroy(metadata);
        return topics;
      }
      if (left <= slice_ms) return MakeKafkaError(code);
      if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        slice_ms = std::min(2 * slice_ms, kMaxSliceMs);
      } else if (code != RD_KAFKA_RESP_ERR__TRANSPORT) {
        return MakeKafkaError(code);
      }
    }
  }

  void CancelMetadata() override { metadata_cancelled_ = true; }

  Result<bool> SetOAuthBearerToken(const std::string& token, int64_t expires_ms, const std::string& principal,
                                   const std::vector<std::pair<std::string, std::string>>& extensions) override {
    std::vector<const char*> flat;
    for (const auto& [name, value] : extensions) {
      flat.push_back(name.c_str());
      flat.push_back(value.c_str());
    }
    char errstr[256];
    rd_kafka_resp_err_t code = rd_kafka_oauthbearer_set_token(
        client_.get(), token.c_str(), expires_ms, principal.c_str(), flat.data(), flat.size(), errstr, sizeof(errstr));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return MakeKafkaError(code);
    return true;
  }

  void FailOAuthBearerToken(const std::string& reason) override {
    rd_kafka_oauthbearer_set_token_failure(client_.get(), reason.empty() ? "no reason given" : reason.c_str());
  }

 private:
  void HandleEvent(rd_kafka_event_t* event, const std::function<void(ClientEvent)>& sink) {
    switch (rd_kafka_event_type(event)) {
      case RD_KAFKA_EVENT_ERROR: {
        rd_kafka_resp_err_t code = rd_kafka_event_error(event);
        sink(ErrorEvent{MakeKafkaError(code), rd_kafka_event_error_is_fatal(event) != 0, IsAuthenticationError(code),
                        code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN});
        break;
      }
      case RD_KAFKA_EVENT_STATS:
        sink(StatsEvent{ValidStatistics(client_.get(), rd_kafka_event_stats(event))});
        break;
      case RD_KAFKA_EVENT_LISTOFFSETS_RESULT: {
        std::optional<OffsetsEvent> answer = offset_lister_.HandleEvent(event);
        if (answer.has_value()) sink(*std::move(answer));
        break;
      }
      case RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT:
        sink(Convert(event));
        break;
      case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH: {
        const char* config = rd_kafka_event_config_string(event);
        sink(TokenRefreshEvent{config == nullptr ? "" : config});
        break;
      }
      default:
        break;
    }
  }

  // Destroyed from the last to the first: the client while its inbox can still take its last log lines.
  std::unique_ptr<Inbox> inbox_;
  RdClient client_;
  RdQueue queue_;
  // Kept once used: a topic handle holds what librdkafka knows of the topic, which would else be asked for at every
  // start. To give one back frees nothing: librdkafka keeps a topic that has partitions until its instance ends.
  std::map<std::string, RdTopic> topics_;
  std::set<TopicPartition> open_;  // partitions that have a reader
  OffsetLister offset_lister_;
  std::atomic<bool> metadata_cancelled_{false};
};

}  // namespace

Result<std::unique_ptr<KafkaClient>> KafkaClient::Create(const KafkaConfig& config, Role role,
                                                         std::function<void()> wake) {
  Result<PreparedConfig> result = PrepareReaderConfig(config, role);
  if (!result.ok()) return result.error();
  PreparedConfig prepared = std::move(result.value());
  rd_kafka_conf_t* conf = prepared.conf.get();
  auto inbox = std::make_unique<Inbox>(std::move(prepared.mask), std::move(wake));
  inbox->Attach(conf);
  int events = RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS;
  // Where librdkafka makes the tokens itself, its own callback has to see the event.
  if (!prepared.unsecured_jwt) events |= RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH;
  rd_kafka_conf_enable_sasl_queue(conf, prepared.unsecured_jwt);
  rd_kafka_conf_set_events(conf, events);

  char errstr[1024] = "";
  RdClient client(rd_kafka_new(RD_KAFKA_CONSUMER, conf, errstr, sizeof(errstr)));
  if (client == nullptr) return RefusedConfigError(errstr);
  static_cast<void>(prepared.conf.release());  // owned by the client now
  // Fails without SASL/OAUTHBEARER, where there is no token to make.
  if (prepared.unsecured_jwt) RdError(rd_kafka_sasl_background_callbacks_enable(client.get()));
  return std::unique_ptr<KafkaClient>(
      std::make_unique<RdKafkaClient>(std::move(client), std::move(inbox), prepared.isolation));
}

const char* LibrdkafkaVersion() { return rd_kafka_version_str(); }

}  // namespace kasocki
