// What the addon keeps for each environment (the main thread's, each worker thread's).
#ifndef KASOCKI_NODE_ADDON_H_
#define KASOCKI_NODE_ADDON_H_

#include <napi.h>

#include <memory>
#include <set>

namespace kasocki {

// An object with threads of its own. They must be gone before the process runs its exit handlers: OpenSSL's, for one,
// takes away what librdkafka's threads still use. Process.exit() runs no clean-up hooks of the main environment, so
// lib/native.js calls the addon's shutDown() in time.
class Threaded {
 public:
  // Ends the threads, and waits for them. Idempotent.
  virtual void ShutDown() = 0;

 protected:
  ~Threaded() = default;
};

// Those of one environment that are alive: each adds itself when it is made and removes itself when it goes.
using ThreadedSet = std::shared_ptr<std::set<Threaded*>>;

struct AddonData {
  Napi::FunctionReference session_constructor;
  ThreadedSet threaded = std::make_shared<std::set<Threaded*>>();

  static AddonData* Of(Napi::Env env) { return env.GetInstanceData<AddonData>(); }
};

// Each adds its part of lib/native.d.ts.
void InitMatcher(Napi::Env env, Napi::Object exports);
void InitMock(Napi::Env env, Napi::Object exports);
void InitStages(Napi::Env env, Napi::Object exports);
// Of `stages`, the part about filters.
void InitFilterStages(Napi::Env env, Napi::Object stages);

}  // namespace kasocki

#endif  // KASOCKI_NODE_ADDON_H_
