// Owning handles around librdkafka's C objects. Included by the sources of this folder alone, as is rdkafka.h.
#ifndef KASOCKI_KAFKA_RDKAFKA_HANDLES_H_
#define KASOCKI_KAFKA_RDKAFKA_HANDLES_H_

#include <rdkafka.h>

#include <memory>

namespace kasocki {

// A deleter that calls one C function.
template <auto kDestroy>
struct CallOnDelete {
  template <typename T>
  void operator()(T* handle) const {
    kDestroy(handle);
  }
};

using RdConf = std::unique_ptr<rd_kafka_conf_t, CallOnDelete<rd_kafka_conf_destroy>>;
using RdTopicConf = std::unique_ptr<rd_kafka_topic_conf_t, CallOnDelete<rd_kafka_topic_conf_destroy>>;
using RdTopic = std::unique_ptr<rd_kafka_topic_t, CallOnDelete<rd_kafka_topic_destroy>>;
using RdQueue = std::unique_ptr<rd_kafka_queue_t, CallOnDelete<rd_kafka_queue_destroy>>;
using RdEvent = std::unique_ptr<rd_kafka_event_t, CallOnDelete<rd_kafka_event_destroy>>;
using RdPartitionList =
    std::unique_ptr<rd_kafka_topic_partition_list_t, CallOnDelete<rd_kafka_topic_partition_list_destroy>>;
using RdAdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, CallOnDelete<rd_kafka_AdminOptions_destroy>>;
using RdTopicNames = std::unique_ptr<rd_kafka_TopicCollection_t, CallOnDelete<rd_kafka_TopicCollection_destroy>>;
using RdError = std::unique_ptr<rd_kafka_error_t, CallOnDelete<rd_kafka_error_destroy>>;

// A client instance. Without a consumer group there is nothing to say goodbye to, and saying it would only take time.
struct DestroyClient {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }
};
using RdClient = std::unique_ptr<rd_kafka_t, DestroyClient>;

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_RDKAFKA_HANDLES_H_
