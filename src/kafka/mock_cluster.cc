#include "kafka/mock_cluster.h"

#include <rdkafka.h>
#include <rdkafka_mock.h>

#include <utility>

#include "kafka/kafka_error.h"
#include "kafka/rdkafka_handles.h"

namespace kasocki {
namespace {

using RdMockCluster = std::unique_ptr<rd_kafka_mock_cluster_t, CallOnDelete<rd_kafka_mock_cluster_destroy>>;

Error InvalidArgument(std::string message) {
  return Error{ErrorKind::kKafka, std::move(message), rd_kafka_err2name(RD_KAFKA_RESP_ERR__INVALID_ARG)};
}

// Kafka's rule for topic names.
bool IsTopicName(const std::string& name) {
  constexpr size_t kMaxLength = 249;
  constexpr const char* kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !name.empty() && name.size() <= kMaxLength && name != "." && name != ".." &&
         name.find_first_not_of(kAllowed) == std::string::npos;
}

}  // namespace

struct MockCluster::Impl {
  // A cluster needs an instance to live on; it does nothing else. The cluster goes first.
  RdClient host;
  RdMockCluster cluster;
};

MockCluster::MockCluster(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MockCluster::~MockCluster() = default;

Result<std::unique_ptr<MockCluster>> MockCluster::Create(int brokers) {
  if (brokers < 1 || brokers > kMaxBrokers) {
    return InvalidArgument("The number of brokers must be from 1 to " + std::to_string(kMaxBrokers));
  }
  RdConf conf(rd_kafka_conf_new());
  // Without a callback librdkafka would print. What the mock brokers log is of no interest.
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  char errstr[512] = "";
  auto impl = std::make_unique<Impl>();
  impl->host.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), errstr, sizeof(errstr)));
  if (impl->host == nullptr) return MakeKafkaError(rd_kafka_last_error());
  static_cast<void>(conf.release());  // owned by the instance now
  impl->cluster.reset(rd_kafka_mock_cluster_new(impl->host.get(), brokers));
  if (impl->cluster == nullptr) return MakeKafkaError(RD_KAFKA_RESP_ERR__FAIL);
  return std::unique_ptr<MockCluster>(new MockCluster(std::move(impl)));
}

std::string MockCluster::bootstrap_servers() const { return rd_kafka_mock_cluster_bootstraps(impl_->cluster.get()); }

Result<bool> MockCluster::CreateTopic(const std::string& name, int partitions) {
  if (!IsTopicName(name)) return InvalidArgument("This is not a topic name");
  if (partitions < 1 || partitions > kMaxPartitions) {
    return InvalidArgument("The number of partitions must be from 1 to " + std::to_string(kMaxPartitions));
  }
  rd_kafka_resp_err_t code =
      rd_kafka_mock_topic_create(impl_->cluster.get(), name.c_str(), partitions, /*replication_factor=*/1);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return MakeKafkaError(code);
  return true;
}

}  // namespace kasocki
