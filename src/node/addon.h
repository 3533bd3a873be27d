// What the addon keeps for each environment (the main thread's, each worker thread's).
#ifndef KASOCKI_NODE_ADDON_H_
#define KASOCKI_NODE_ADDON_H_

#include <napi.h>

#include <memory>
#include <set>

namespace kasocki {

// An object with threads of its own. They must be gone before the process runs its exit handlers: OpenSSL's, for one,
// takes away what librdkafka's threads still use. Process.exit() runs no clean-up hooks of the main environment, so
// lib/native.js calls the addon's shutDown() in time. The environment's own thread alone.
class Threaded {
 public:
  explicit Threaded(Napi::Env env);
  Threaded(const Threaded&) = delete;
  Threaded& operator=(const Threaded&) = delete;

  // Ends the threads, and waits for them. Idempotent.
  virtual void ShutDown() = 0;

 protected:
  ~Threaded() { alive_->erase(this); }

 private:
  // Outlives the AddonData: objects go in any order when the environment ends.
  const std::shared_ptr<std::set<Threaded*>> alive_;
};

struct AddonData {
  Napi::FunctionReference session_constructor;
  // Those of this environment that are alive.
  const std::shared_ptr<std::set<Threaded*>> threaded = std::make_shared<std::set<Threaded*>>();

  static AddonData* Of(Napi::Env env) { return env.GetInstanceData<AddonData>(); }
};

inline Threaded::Threaded(Napi::Env env) : alive_(AddonData::Of(env)->threaded) { alive_->insert(this); }

// Each adds its part of lib/native.d.ts.
void InitMatcher(Napi::Env env, Napi::Object exports);
void InitMock(Napi::Env env, Napi::Object exports);
void InitStages(Napi::Env env, Napi::Object exports);
// Of `stages`, the part about filters.
void InitFilterStages(Napi::Env env, Napi::Object stages);

}  // namespace kasocki

#endif  // KASOCKI_NODE_ADDON_H_
