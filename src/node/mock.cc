#include "node/mock.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/addon.h"
#include "node/convert.h"
#include "node/flush_job.h"

namespace kasocki {
namespace {

void ThrowTypeError(Napi::Env env, const char* message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
}

// As an Error with the NativeError's `kind` and `code`.
void ThrowError(Napi::Env env, const Error& error) {
  Napi::Error thrown = Napi::Error::New(env, error.message);
  Napi::Object described = ToJsError(env, error);
  thrown.Value().Set("kind", described.Get("kind"));
  thrown.Value().Set("code", described.Get("code"));
  thrown.ThrowAsJavaScriptException();
}

// A whole number from 0 to 2^31 - 1, or `otherwise`.
int ToInt(const Napi::Value& value, int otherwise) {
  if (!value.IsNumber()) return otherwise;
  double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= 2147483647.0) || number != static_cast<int>(number)) return otherwise;
  return static_cast<int>(number);
}

// The bytes of a string or a Uint8Array; absent for null and undefined.
std::optional<std::string> ToBytes(const Napi::Value& value) {
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    Napi::Uint8Array bytes = value.As<Napi::Uint8Array>();
    if (bytes.ByteLength() == 0) return std::string();  // whose data may be a null pointer
    return std::string(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  }
  return std::nullopt;
}

bool IsAbsent(const Napi::Value& value) { return value.IsNull() || value.IsUndefined(); }

}  // namespace

Napi::Function MockClusterObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeMockCluster",
                     {InstanceAccessor<&MockClusterObject::BootstrapServers>("bootstrapServers", napi_enumerable),
                      InstanceMethod<&MockClusterObject::CreateTopic>("createTopic"),
                      InstanceMethod<&MockClusterObject::Close>("close")});
}

MockClusterObject::MockClusterObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<MockClusterObject>(info), Threaded(info.Env()) {
  Result<std::unique_ptr<MockCluster>> cluster = MockCluster::Create(ToInt(info[0], 0));
  if (cluster.ok()) {
    cluster_ = std::move(cluster.value());
  } else {
    ThrowError(info.Env(), cluster.error());
  }
}

Napi::Value MockClusterObject::BootstrapServers(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), cluster_ == nullptr ? "" : cluster_->bootstrap_servers());
}

void MockClusterObject::CreateTopic(const Napi::CallbackInfo& info) {
  if (cluster_ == nullptr) return ThrowError(info.Env(), Error{ErrorKind::kClosed, "The mock cluster is closed", ""});
  if (!info[0].IsString()) return ThrowTypeError(info.Env(), "name must be a string");
  Result<bool> created = cluster_->CreateTopic(info[0].As<Napi::String>().Utf8Value(), ToInt(info[1], 0));
  if (!created.ok()) ThrowError(info.Env(), created.error());
}

void MockClusterObject::Close(const Napi::CallbackInfo&) { ShutDown(); }

Napi::Function ProducerObject::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeProducer",
      {InstanceMethod<&ProducerObject::Produce>("produce"), InstanceMethod<&ProducerObject::Flush>("flush"),
       InstanceMethod<&ProducerObject::Close>("close")});
}

ProducerObject::ProducerObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ProducerObject>(info), Threaded(info.Env()) {
  Result<std::unique_ptr<Producer>> producer = Producer::Create(ToPairs(info[0]));
  if (producer.ok()) {
    producer_ = std::move(producer.value());
  } else {
    ThrowError(info.Env(), producer.error());
  }
}

Napi::Value ProducerObject::Produce(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (producer_ == nullptr) {
    ThrowError(env, Error{ErrorKind::kClosed, "The producer is closed", ""});
    return env.Undefined();
  }
  std::optional<std::string> key = ToBytes(info[2]);
  std::optional<std::string> value = ToBytes(info[3]);
  if (!info[0].IsString() || !info[1].IsNumber() || !(value.has_value() || IsAbsent(info[3])) ||
      !(key.has_value() || IsAbsent(info[2]))) {
    ThrowTypeError(env, "topic must be a string, partition a number, key and value strings, Uint8Arrays or null");
    return env.Undefined();
  }
  Result<bool> produced =
      producer_->Produce(info[0].As<Napi::String>().Utf8Value(), ToInt(info[1], -1), key, value, ToPairs(info[4]));
  if (produced.ok()) return Napi::Boolean::New(env, true);
  if (produced.error().code != "_QUEUE_FULL") {
    ThrowError(env, produced.error());
    return env.Undefined();
  }
  return Napi::Boolean::New(env, false);
}

Napi::Value ProducerObject::Flush(const Napi::CallbackInfo& info) {
  if (producer_ == nullptr) {
    ThrowError(info.Env(), Error{ErrorKind::kClosed, "The producer is closed", ""});
    return info.Env().Undefined();
  }
  constexpr int kDefaultTimeoutMs = 10000;
  return Napi::Value(info.Env(), StartFlush(info.Env(), producer_, ToInt(info[0], kDefaultTimeoutMs)));
}

void ProducerObject::Close(const Napi::CallbackInfo&) { ShutDown(); }

void InitMock(Napi::Env env, Napi::Object exports) {
  exports.Set("NativeMockCluster", MockClusterObject::Define(env));
  exports.Set("NativeProducer", ProducerObject::Define(env));
}

}  // namespace kasocki
