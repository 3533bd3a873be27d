// NativeMockCluster and NativeProducer of lib/native.d.ts: Kafka for demos and tests, inside this process.
//
// Each object owns its core counterpart until close() or until it is collected, at the latest when its environment
// ends.
#ifndef KASOCKI_NODE_MOCK_H_
#define KASOCKI_NODE_MOCK_H_

#include <napi.h>

#include <memory>

#include "kafka/mock_cluster.h"
#include "kafka/producer.h"
#include "node/addon.h"

namespace kasocki {

class MockClusterObject : public Napi::ObjectWrap<MockClusterObject>, private Threaded {
 public:
  static Napi::Function Define(Napi::Env env);
  // new NativeMockCluster(brokers)
  explicit MockClusterObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value BootstrapServers(const Napi::CallbackInfo& info);
  void CreateTopic(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void ShutDown() override { cluster_.reset(); }

  std::unique_ptr<MockCluster> cluster_;  // null after close()
};

class ProducerObject : public Napi::ObjectWrap<ProducerObject>, private Threaded {
 public:
  static Napi::Function Define(Napi::Env env);
  // new NativeProducer(global)
  explicit ProducerObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value Produce(const Napi::CallbackInfo& info);
  Napi::Value Flush(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void ShutDown() override { producer_.reset(); }

  std::shared_ptr<Producer> producer_;  // null after close(); a flush that runs keeps it
};

}  // namespace kasocki

#endif  // KASOCKI_NODE_MOCK_H_
