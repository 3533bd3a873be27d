// OffsetLister: ListOffsets requests of one client, each answered in full.
//
// librdkafka's asynchronous ListOffsets fails as a whole when one of its partitions has no leader until the time is up,
// and leaves partitions without an answer when a broker fails. Here every partition asked for gets an offset or an
// error: a request for several partitions gets half of the time, and if it fails each partition is asked for alone in
// the rest.
#ifndef KASOCKI_KAFKA_OFFSET_LISTER_H_
#define KASOCKI_KAFKA_OFFSET_LISTER_H_

#include <rdkafka.h>

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "kafka/client.h"

namespace kasocki {

// Used by one thread.
class OffsetLister {
 public:
  // `client` and `queue`, where the answers arrive, are borrowed.
  OffsetLister(rd_kafka_t* client, rd_kafka_queue_t* queue, rd_kafka_IsolationLevel_t isolation);
  OffsetLister(const OffsetLister&) = delete;
  OffsetLister& operator=(const OffsetLister&) = delete;

  // An answer that needs no asking (nothing asked for, impossible partitions alone) is returned; all others come out of
  // HandleEvent.
  std::optional<OffsetsEvent> Ask(uint64_t request, const std::vector<OffsetQuery>& queries, int timeout_ms);

  // For an event of type RD_KAFKA_EVENT_LISTOFFSETS_RESULT: a request's answer, if this completed it.
  std::optional<OffsetsEvent> HandleEvent(rd_kafka_event_t* event);

 private:
  struct Request {
    uint64_t id = 0;
    int second_try_ms = 0;  // > 0: time kept for asking for each partition alone
    size_t outstanding = 0;
    std::map<TopicPartition, ListedOffset> answers;
  };
  // One call to rd_kafka_ListOffsets; its address is the call's opaque.
  struct Call {
    Request* request;
    std::vector<OffsetQuery> queries;
  };

  void Start(Request* request, std::vector<OffsetQuery> queries, int timeout_ms);

  rd_kafka_t* const client_;
  rd_kafka_queue_t* const queue_;
  const rd_kafka_IsolationLevel_t isolation_;
  std::list<Request> requests_;
  std::list<Call> calls_;
};

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_OFFSET_LISTER_H_
