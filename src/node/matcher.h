// Binding of NativeMatcher: a compiled filter over single messages.
//
// Everything here runs on the JavaScript thread of the environment that it was made for; a matcher belongs to its
// JavaScript object and dies with it.
#ifndef KASOCKI_NODE_MATCHER_H_
#define KASOCKI_NODE_MATCHER_H_

#include <napi.h>

namespace kasocki {

// Adds NativeMatcher to `exports`.
void InitMatcher(Napi::Env env, Napi::Object exports);

}  // namespace kasocki

#endif  // KASOCKI_NODE_MATCHER_H_
