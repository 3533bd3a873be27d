// librdkafka's error codes as our Error.
//
// The text is librdkafka's static description of the code, never the message of the moment: that one names brokers,
// paths and configuration values, and our texts may be shown to a browser. Messages of the moment go to the log,
// masked.
#ifndef KASOCKI_KAFKA_KAFKA_ERROR_H_
#define KASOCKI_KAFKA_KAFKA_ERROR_H_

#include <rdkafka.h>

#include "common/result.h"

namespace kasocki {

Error MakeKafkaError(rd_kafka_resp_err_t code);

// The offset asked for is not in the log (deleted, truncated, or beyond the end).
bool IsOutOfRange(rd_kafka_resp_err_t code);

// This partition can't be read until somebody does something about it: no permission, no such topic or partition, or
// records that this build can't decode. librdkafka itself goes on asking.
bool IsLastingPartitionError(rd_kafka_resp_err_t code);

// Wrong credentials, or no agreement on TLS.
bool IsAuthenticationError(rd_kafka_resp_err_t code);

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_KAFKA_ERROR_H_
