// What librdkafka tells of itself, without a Kafka.
#include "kafka/client.h"

#include <gtest/gtest.h>

namespace kasocki {
namespace {

TEST(Client, LogLinesComeBeforeTheErrorTheyExplain) {
  const KafkaConfig config{{{"metadata.broker.list", "127.0.0.1:1"}}, {}};
  auto client = KafkaClient::Create(config, KafkaClient::Role::kTail, [] {});
  ASSERT_TRUE(client.ok());
  // By then nobody has answered, so that a line and an error wait together.
  EXPECT_FALSE(client.value()->FetchMetadata(/*timeout_ms=*/300).ok());
  bool log = false;
  bool error = false;
  while (!error) {
    client.value()->PollEvents([&](ClientEvent event) {
      if (std::holds_alternative<LogEvent>(event)) log = true;
      if (!std::holds_alternative<ErrorEvent>(event)) return;
      EXPECT_TRUE(log);
      error = true;
    });
  }
}

}  // namespace
}  // namespace kasocki
