// Producer: a small Kafka producer for demos and tests.
#ifndef KASOCKI_KAFKA_PRODUCER_H_
#define KASOCKI_KAFKA_PRODUCER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "kafka/rdkafka_handles.h"

namespace kasocki {

// Thread-safe. Destruction does not wait for what is not delivered: flush first.
class Producer {
 public:
  using Properties = std::vector<std::pair<std::string, std::string>>;

  // librdkafka properties by name; errors as KafkaClient::Create gives them.
  static Result<std::unique_ptr<Producer>> Create(const Properties& global);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Copies the record into the queue and returns at once. Partition -1: chosen by the key. No value: a tombstone. An
  // error with code
  // `_QUEUE_FULL`: try again later.
  Result<bool> Produce(const std::string& topic, int32_t partition, std::optional<std::string_view> key,
                       std::optional<std::string_view> value, const Properties& headers);

  // Waits until everything produced was acknowledged, at most `timeout_ms`. An error if it was not, or if any record
  // since the last Flush could not be delivered.
  Result<bool> Flush(int timeout_ms);

  // Records that could not be delivered, in all.
  int64_t failures() const { return failures_; }

 private:
  Producer() = default;
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);

  RdClient client_;
  std::atomic<int64_t> failures_{0};
  std::atomic<int64_t> failures_flushed_{0};  // how many of them a Flush has told of
  std::atomic<int> last_failure_{0};          // the code of the last one
};

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_PRODUCER_H_
