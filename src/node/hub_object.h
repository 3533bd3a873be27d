// NativeHub and NativeSession of lib/native.d.ts.
//
// Order of destruction of an environment: its clean-up hook joins the worker, then the thread-safe function that the
// worker rings is released, then the JavaScript objects go in any order. A session keeps its hub's core alive.
// Before that, a hub that nobody holds may be collected, closed or not: rings that nobody has heard yet then find nobody.
#ifndef KASOCKI_NODE_HUB_OBJECT_H_
#define KASOCKI_NODE_HUB_OBJECT_H_

#include <napi.h>

#include <memory>
#include <vector>

#include "engine/hub.h"
#include "node/addon.h"
#include "node/batch_cache.h"

namespace kasocki {

// What a hub's JavaScript objects share. Dies with the last of them.
struct HubHandle {
  std::unique_ptr<Hub> hub;
  BatchCache batches;
};

class HubObject : public Napi::ObjectWrap<HubObject>, private Threaded {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit HubObject(const Napi::CallbackInfo& info);
  ~HubObject() override;

 private:
  Napi::Value Topics(const Napi::CallbackInfo& info);
  Napi::Value Describe(const Napi::CallbackInfo& info);
  Napi::Value OpenSession(const Napi::CallbackInfo& info);
  Napi::Value Deserialized(const Napi::CallbackInfo& info);
  Napi::Value Matched(const Napi::CallbackInfo& info);
  Napi::Value SetToken(const Napi::CallbackInfo& info);
  Napi::Value FailToken(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);
  Napi::Value Lags(const Napi::CallbackInfo& info);
  Napi::Value BufferBytes(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  // On the main thread, after a ring: hands all events to JavaScript.
  void Deliver(Napi::Env env, Napi::Function on_event);
  // What a ring knows of the object. The object may be collected while a ring waits to be heard (its own end is rung
  // too), and the thread-safe function outlives it for that long.
  using Link = std::weak_ptr<HubObject>;
  static void OnBell(Napi::Env env, Napi::Function on_event, Link* link, void* data);
  // Carries nothing: nobody would free what had not been delivered at the environment's end.
  using Bell = Napi::TypedThreadSafeFunction<Link, void, &HubObject::OnBell>;
  static void OnEnvironmentEnd(void* self);
  // Ends the worker, gives the thread-safe function back, and takes the clean-up hook away.
  void ShutDown() override;

  const std::shared_ptr<HubObject> self_;  // owns nothing; expires with the object
  std::shared_ptr<HubHandle> handle_;
  Bell bell_;
  napi_env env_;
  bool shut_down_ = false;
};

class SessionObject : public Napi::ObjectWrap<SessionObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit SessionObject(const Napi::CallbackInfo& info);
  ~SessionObject() override;

 private:
  friend class HubObject;
  Napi::Value Id(const Napi::CallbackInfo& info);
  Napi::Value Subscribe(const Napi::CallbackInfo& info);
  Napi::Value Join(const Napi::CallbackInfo& info);
  Napi::Value Unsubscribe(const Napi::CallbackInfo& info);
  Napi::Value TakePositions(const Napi::CallbackInfo& info);
  Napi::Value SetFilter(const Napi::CallbackInfo& info);
  Napi::Value SetWanting(const Napi::CallbackInfo& info);
  Napi::Value Take(const Napi::CallbackInfo& info);
  Napi::Value TakeReplies(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  void CloseOnce();

  std::shared_ptr<HubHandle> handle_;
  std::shared_ptr<Session> session_;  // null: closed
  FilterLimits filter_limits_;        // of the client's filters
};

}  // namespace kasocki

#endif  // KASOCKI_NODE_HUB_OBJECT_H_
