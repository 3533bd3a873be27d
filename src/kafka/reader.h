// RdLogReader: LogReader on one librdkafka partition with a queue of its own.
#ifndef KASOCKI_KAFKA_READER_H_
#define KASOCKI_KAFKA_READER_H_

#include <rdkafka.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "kafka/client.h"
#include "kafka/inbox.h"
#include "kafka/log_reader.h"
#include "kafka/rdkafka_handles.h"

namespace kasocki {

// Used by the thread of its client, which outlives it.
class RdLogReader : public LogReader {
 public:
  // `topic` is borrowed from the client. `on_close` runs when the reading has stopped.
  static Result<std::unique_ptr<LogReader>> Open(rd_kafka_t* client, rd_kafka_topic_t* topic,
                                                 const TopicPartition& partition, int64_t offset, Inbox* inbox,
                                                 std::function<void()> wake, std::function<void()> on_close);
  ~RdLogReader() override;

  ReadOutcome Read(size_t max_records, const RecordSink& sink) override;
  int64_t KnownEnd() const override;

 private:
  static constexpr size_t kBatch = 500;

  RdLogReader(rd_kafka_t* client, rd_kafka_topic_t* topic, const TopicPartition& partition, int64_t offset,
              Inbox* inbox, std::function<void()> wake, std::function<void()> on_close);

  void HandOver(rd_kafka_message_t* message, const RecordSink& sink);
  void HandleError(rd_kafka_resp_err_t code, int64_t offset);
  bool dead() const { return out_of_range_ || error_.has_value(); }
  // Takes over how far librdkafka has got, which counts records that it kept to itself.
  void AdvancePosition();

  // Constant after construction.
  rd_kafka_t* const client_;
  rd_kafka_topic_t* const topic_;
  const TopicPartition partition_;
  Inbox* const inbox_;
  const std::function<void()> wake_;  // called from librdkafka's threads
  const std::function<void()> on_close_;
  RdPartitionList position_query_;

  // Of the reading thread.
  RdQueue queue_;
  bool started_ = false;
  int64_t position_;
  int64_t end_seen_at_ = -1;  // position of the last end-of-partition event
  bool out_of_range_ = false;
  std::optional<Error> error_;
  RecordView view_;  // kept for its headers' memory
  std::array<rd_kafka_message_t*, kBatch> batch_;
};

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_READER_H_
