// MockCluster: librdkafka's mock Kafka cluster, inside this process, on loopback ports of its own choosing.
//
// For demos and tests. It keeps at most 5 MiB or 100,000 records a partition and does not list offsets by timestamp.
#ifndef KASOCKI_KAFKA_MOCK_CLUSTER_H_
#define KASOCKI_KAFKA_MOCK_CLUSTER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "common/result.h"

namespace kasocki {

// Used by one thread. Destruction ends the brokers, and waits for their thread: some milliseconds, now and then a
// second (it may miss the call and wake up by its timer).
class MockCluster {
 public:
  static constexpr int kMaxBrokers = 16;
  static constexpr int kMaxPartitions = 1000;

  // `brokers` from 1 to kMaxBrokers.
  static Result<std::unique_ptr<MockCluster>> Create(int brokers);
  ~MockCluster();
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  // `host:port,...`
  std::string bootstrap_servers() const;

  // `partitions` from 1 to kMaxPartitions. A topic that exists is an error.
  Result<bool> CreateTopic(const std::string& name, int partitions);

 private:
  struct Impl;
  explicit MockCluster(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_MOCK_CLUSTER_H_
