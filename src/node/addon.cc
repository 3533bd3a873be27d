// The module's entry: what lib/native.d.ts describes.
#include "node/addon.h"

#include "json/scanner.h"
#include "kafka/client.h"
#include "node/hub_object.h"

namespace kasocki {
namespace {

void ShutDown(const Napi::CallbackInfo& info) {
  for (Threaded* threaded : *AddonData::Of(info.Env())->threaded) threaded->ShutDown();
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* data = new AddonData;  // deleted with the environment
  data->session_constructor = Napi::Persistent(SessionObject::Define(env));
  env.SetInstanceData(data);
  HubObject::Init(env, exports);
  InitMatcher(env, exports);
  InitMock(env, exports);
  InitStages(env, exports);
  exports.Set("shutDown", Napi::Function::New<ShutDown>(env, "shutDown"));

  Napi::Object versions = Napi::Object::New(env);
  versions.Set("librdkafka", LibrdkafkaVersion());
  versions.Set("simdjson", SimdjsonVersion());
  exports.Set("versions", versions);
  return exports;
}

}  // namespace
}  // namespace kasocki

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return kasocki::Init(env, exports); }
NODE_API_MODULE(kasocki, Init)
