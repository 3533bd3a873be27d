#include "kafka/offset_lister.h"

#include <algorithm>
#include <utility>

#include "kafka/kafka_error.h"
#include "kafka/rdkafka_handles.h"

namespace kasocki {
namespace {

// The broker's own answer, where no record is young enough. What no broker answered has RD_KAFKA_OFFSET_INVALID.
constexpr int64_t kNoSuchRecord = -1;

// librdkafka says "no such entry" when it knows of no leader at all; for us that is a leader to wait for.
rd_kafka_resp_err_t Translate(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__NOENT ? RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE : code;
}

OffsetsEvent ToEvent(uint64_t id, std::map<TopicPartition, ListedOffset> answers) {
  OffsetsEvent event{id, {}};
  event.offsets.reserve(answers.size());
  for (auto& [partition, answer] : answers) event.offsets.push_back(std::move(answer));
  return event;
}

}  // namespace

OffsetLister::OffsetLister(rd_kafka_t* client, rd_kafka_queue_t* queue, rd_kafka_IsolationLevel_t isolation)
    : client_(client), queue_(queue), isolation_(isolation) {}

std::optional<OffsetsEvent> OffsetLister::Ask(uint64_t id, const std::vector<OffsetQuery>& queries, int timeout_ms) {
  std::map<TopicPartition, ListedOffset> answers;
  std::vector<OffsetQuery> wanted;
  for (const OffsetQuery& query : queries) {
    const TopicPartition& partition = query.partition;
    // Until told otherwise: nobody answered in time.
    ListedOffset unanswered{partition, -1, -1, MakeKafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT)};
    if (!answers.emplace(partition, std::move(unanswered)).second) continue;
    if (partition.topic.empty() || partition.partition < 0) {  // would fail the whole call
      answers[partition].error = MakeKafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    } else {
      wanted.push_back(query);
    }
  }
  if (wanted.empty()) return ToEvent(id, std::move(answers));

  timeout_ms = std::clamp(timeout_ms, 2, 3600 * 1000);
  int second_try_ms = wanted.size() > 1 ? timeout_ms / 2 : 0;
  requests_.push_back(Request{id, second_try_ms, 0, std::move(answers)});
  Start(&requests_.back(), std::move(wanted), timeout_ms - second_try_ms);
  return std::nullopt;
}

void OffsetLister::Start(Request* request, std::vector<OffsetQuery> queries, int timeout_ms) {
  static_assert(kLogEnd == RD_KAFKA_OFFSET_SPEC_LATEST && kLogBeginning == RD_KAFKA_OFFSET_SPEC_EARLIEST);
  RdPartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(queries.size())));
  for (const OffsetQuery& query : queries) {
    rd_kafka_topic_partition_list_add(list.get(), query.partition.topic.c_str(), query.partition.partition)->offset =
        query.what;
  }
  calls_.push_back(Call{request, std::move(queries)});
  ++request->outstanding;

  RdAdminOptions options(rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_LISTOFFSETS));
  char errstr[256];
  // Neither can fail: the timeout is within the allowed range, the level one of the two that exist.
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, errstr, sizeof(errstr));
  RdError(rd_kafka_AdminOptions_set_isolation_level(options.get(), isolation_));
  rd_kafka_AdminOptions_set_opaque(options.get(), &calls_.back());
  rd_kafka_ListOffsets(client_, list.get(), options.get(), queue_);
}

std::optional<OffsetsEvent> OffsetLister::HandleEvent(rd_kafka_event_t* event) {
  void* opaque = rd_kafka_event_opaque(event);
  auto call = std::find_if(calls_.begin(), calls_.end(), [&](const Call& other) { return &other == opaque; });
  if (call == calls_.end()) return std::nullopt;
  Request* request = call->request;
  std::vector<OffsetQuery> queries = std::move(call->queries);
  calls_.erase(call);
  --request->outstanding;

  rd_kafka_resp_err_t failure = rd_kafka_event_error(event);
  if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (queries.size() > 1 && request->second_try_ms > 0) {
      for (OffsetQuery& query : queries) Start(request, {std::move(query)}, request->second_try_ms);
      return std::nullopt;
    }
    for (const OffsetQuery& query : queries) {
      request->answers[query.partition].error = MakeKafkaError(Translate(failure));
    }
  } else {
    size_t count = 0;
    const rd_kafka_ListOffsetsResultInfo_t** infos =
        rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
    for (size_t i = 0; i < count; ++i) {
      const rd_kafka_topic_partition_t* listed = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
      auto answer = request->answers.find(TopicPartition{listed->topic, listed->partition});
      if (answer == request->answers.end()) continue;
      if (listed->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        answer->second.error = MakeKafkaError(Translate(listed->err));
      } else if (listed->offset >= 0 || listed->offset == kNoSuchRecord) {
        answer->second.offset = listed->offset;
        answer->second.leader_epoch = rd_kafka_topic_partition_get_leader_epoch(listed);
        answer->second.error.reset();
      }
      // else: its broker failed, which librdkafka does not say; the answer stays "timed out".
    }
  }
  if (request->outstanding > 0) return std::nullopt;
  OffsetsEvent done = ToEvent(request->id, std::move(request->answers));
  requests_.remove_if([&](const Request& other) { return &other == request; });
  return done;
}

}  // namespace kasocki
