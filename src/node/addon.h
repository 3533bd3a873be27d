// What the addon keeps for each environment (the main thread's, each worker thread's).
#ifndef KASOCKI_NODE_ADDON_H_
#define KASOCKI_NODE_ADDON_H_

#include <napi.h>

namespace kasocki {

struct AddonData {
  Napi::FunctionReference session_constructor;

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
