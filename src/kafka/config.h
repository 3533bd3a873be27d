// From what the user wrote to a librdkafka configuration: defaults, what is forced, dropped or refused, and why.
//
// Properties pass through by librdkafka's own names. The tables in config.cc are the whole of what differs.
#ifndef KASOCKI_KAFKA_CONFIG_H_
#define KASOCKI_KAFKA_CONFIG_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "kafka/client.h"
#include "kafka/rdkafka_handles.h"
#include "kafka/secret_mask.h"

namespace kasocki {

// Owned by whoever made it; `conf` is handed to rd_kafka_new, which takes it over if it succeeds.
struct PreparedConfig {
  RdConf conf;
  SecretMask mask;
  rd_kafka_IsolationLevel_t isolation = RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
  bool unsecured_jwt = false;  // librdkafka makes the OAUTHBEARER tokens itself (for tests)
};

// For a reader. An error names the property and what is wrong with it in our words: librdkafka's quote the value.
Result<PreparedConfig> PrepareReaderConfig(const KafkaConfig& config, KafkaClient::Role role);

// For a producer of demos: the same checks, a producer's defaults.
Result<PreparedConfig> PrepareProducerConfig(const std::vector<std::pair<std::string, std::string>>& global);

// The error for a configuration that rd_kafka_new refused with `reason` (librdkafka's text, which may quote values).
Error RefusedConfigError(std::string_view reason);

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_CONFIG_H_
