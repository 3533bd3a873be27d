// How a partition is read, and what its position is.
//
// rd_kafka_consume_start_queue starts a fetcher that fills this reader's queue until the queue's budget is used up; the
// consume_batch_queue calls take messages out, with timeout 0, because with any other it would wait for a full array.
// librdkafka calls our wake when the queue changes from empty to not empty, and never otherwise: so Read goes on until
// the queue is empty or the caller has enough, and a caller that got all it asked for has to come again unasked.
//
// A log has offsets without records: markers of transactions, records of aborted ones, what compaction removed. The
// position must pass them, or whoever waits for offset n waits for ever when n is a marker. Three things move it:
// a record (its offset + 1); rd_kafka_position, which also counts the markers that librdkafka took out of the queue
// without handing them over (every transaction ends with one, so aborted records are passed as well); and the
// end-of-partition event, which carries the fetcher's own position and so passes what compaction removed at the end.
// rd_kafka_position can't be of an earlier reader: stopping resets it, and stopping is waited for.
//
// The bytes of a message belong to the fetch response that it came with, and keep all of it in memory. So the sink
// copies, and the message is destroyed right after.
//
// Whether a message has headers is not asked of librdkafka: it would allocate a reader of them to find out, which takes
// as long as all else that is done here for a small record. A message's value points into the fetched bytes, and in
// Kafka's record format (version 2, of batches with a leader epoch) the number of headers stands right behind it.
#include "kafka/reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "kafka/kafka_error.h"

namespace kasocki {
namespace {

// False: it has none. True: librdkafka knows.
bool MayHaveHeaders(const rd_kafka_message_t& message) {
  if (message.payload == nullptr || rd_kafka_message_leader_epoch(&message) < 0) return true;
  return static_cast<const char*>(message.payload)[message.len] != 0;
}

}  // namespace

Result<std::unique_ptr<LogReader>> RdLogReader::Open(rd_kafka_t* client, rd_kafka_topic_t* topic,
                                                     const TopicPartition& partition, int64_t offset, Inbox* inbox,
                                                     std::function<void()> wake, std::function<void()> on_close) {
  std::unique_ptr<RdLogReader> reader(
      new RdLogReader(client, topic, partition, offset, inbox, std::move(wake), std::move(on_close)));
  if (rd_kafka_consume_start_queue(topic, partition.partition, offset, reader->queue_.get()) != 0) {
    return MakeKafkaError(rd_kafka_last_error());
  }
  reader->started_ = true;
  return std::unique_ptr<LogReader>(std::move(reader));
}

RdLogReader::RdLogReader(rd_kafka_t* client, rd_kafka_topic_t* topic, const TopicPartition& partition, int64_t offset,
                         Inbox* inbox, std::function<void()> wake, std::function<void()> on_close)
    : client_(client),
      topic_(topic),
      partition_(partition),
      inbox_(inbox),
      wake_(std::move(wake)),
      on_close_(std::move(on_close)),
      position_query_(rd_kafka_topic_partition_list_new(1)),
      queue_(rd_kafka_queue_new(client)),
      position_(offset) {
  rd_kafka_topic_partition_list_add(position_query_.get(), partition_.topic.c_str(), partition_.partition);
  rd_kafka_queue_cb_event_enable(
      queue_.get(), [](rd_kafka_t*, void* opaque) { static_cast<RdLogReader*>(opaque)->wake_(); }, this);
}

RdLogReader::~RdLogReader() {
  // The fetcher may be about to enqueue while we stop; without the callback nothing of it reaches us any more.
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  // Waits for librdkafka's main thread to have taken notice: far below a millisecond, brokers up or down.
  if (started_) rd_kafka_consume_stop(topic_, partition_.partition);
  queue_.reset();  // drops what was fetched and not read
  on_close_();
}

ReadOutcome RdLogReader::Read(size_t max_records, const RecordSink& sink) {
  ReadOutcome outcome;
  while (!dead() && outcome.records < max_records) {
    size_t room = std::min(kBatch, max_records - outcome.records);
    inbox_->TakeQueueError();
    ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), /*timeout_ms=*/0, batch_.data(), room);
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_t* message = batch_[i];
      if (!dead() && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        HandOver(message, sink);
        ++outcome.records;
      } else if (!dead()) {
        HandleError(message->err, message->offset);
      }
      rd_kafka_message_destroy(message);
    }
    if (!dead()) AdvancePosition();
    rd_kafka_resp_err_t queue_error = inbox_->TakeQueueError();
    if (!dead() && queue_error != RD_KAFKA_RESP_ERR_NO_ERROR) HandleError(queue_error, position_);
    if (count < static_cast<ssize_t>(room)) break;  // the queue was empty: the next message will wake
  }
  outcome.position = position_;
  outcome.at_end = end_seen_at_ == position_;
  outcome.out_of_range = out_of_range_;
  outcome.error = error_;
  return outcome;
}

void RdLogReader::HandOver(rd_kafka_message_t* message, const RecordSink& sink) {
  view_.offset = message->offset;
  rd_kafka_timestamp_type_t timestamp_type;
  view_.timestamp = rd_kafka_message_timestamp(message, &timestamp_type);
  if (timestamp_type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) view_.timestamp = -1;
  view_.leader_epoch = rd_kafka_message_leader_epoch(message);
  view_.key.reset();
  if (message->key != nullptr) view_.key.emplace(static_cast<const char*>(message->key), message->key_len);
  view_.value.reset();
  if (message->payload != nullptr) view_.value.emplace(static_cast<const char*>(message->payload), message->len);
  view_.headers.clear();
  rd_kafka_headers_t* headers = nullptr;  // owned by the message
  if (MayHaveHeaders(*message) && rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      std::optional<std::string_view> view;
      if (value != nullptr) view.emplace(static_cast<const char*>(value), size);
      view_.headers.emplace_back(name, view);
    }
  }
  sink(view_);
  position_ = std::max(position_, message->offset + 1);
}

void RdLogReader::HandleError(rd_kafka_resp_err_t code, int64_t offset) {
  if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    position_ = std::max(position_, offset);
    end_seen_at_ = offset;
  } else if (IsOutOfRange(code)) {
    out_of_range_ = true;
  } else if (IsLastingPartitionError(code)) {
    error_ = MakeKafkaError(code);
  } else {
    constexpr int kWarning = 4;
    inbox_->AddLog(kWarning, "READER",
                   partition_.topic + " [" + std::to_string(partition_.partition) + "] at offset " +
                       std::to_string(offset) + ": " + rd_kafka_err2str(code));
  }
}

void RdLogReader::AdvancePosition() {
  if (rd_kafka_position(client_, position_query_.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const rd_kafka_topic_partition_t& answer = position_query_->elems[0];
  // Negative: nothing was taken out of the queue yet.
  if (answer.err == RD_KAFKA_RESP_ERR_NO_ERROR) position_ = std::max(position_, answer.offset);
}

int64_t RdLogReader::KnownEnd() const {
  int64_t low = -1;
  int64_t high = -1;
  if (rd_kafka_get_watermark_offsets(client_, partition_.topic.c_str(), partition_.partition, &low, &high) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return -1;
  }
  return std::max<int64_t>(high, -1);
}

}  // namespace kasocki
