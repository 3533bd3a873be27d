// From the core's values to JavaScript's. napi.h is included by the sources of this folder alone.
#ifndef KASOCKI_NODE_CONVERT_H_
#define KASOCKI_NODE_CONVERT_H_

#include <napi.h>

#include <string_view>
#include <vector>

#include "common/result.h"
#include "engine/events.h"
#include "filter/filter.h"
#include "record/record.h"

namespace kasocki {

// A JavaScript string of valid UTF-8. Text that is ASCII takes the cheaper way.
Napi::String ToJsString(Napi::Env env, std::string_view text);

// `{ kind, message, code, position?, item? }`, as lib/native.d.ts has it.
Napi::Object ToJsError(Napi::Env env, const Error& error);

// A HubEvent of lib/native.d.ts.
Napi::Object ToJsEvent(Napi::Env env, const HubEvent& event);

// NativeAssignment's answer form: `{ topic, partition, offset }` each.
Napi::Value ToJsStandings(Napi::Env env, const std::vector<Standing>& standings);

// NativePosition each.
Napi::Value ToJsPositions(Napi::Env env, const std::vector<Position>& positions);

// NativeNotice.
Napi::Object ToJsNotice(Napi::Env env, const Notice& notice);

Napi::Value ToJsSessions(Napi::Env env, const std::vector<SessionId>& sessions);

// Pairs of strings out of `[string, string][]`; what is no such array gives none.
std::vector<std::pair<std::string, std::string>> ToPairs(const Napi::Value& value);

// A NativeFilterLimits of lib/native.d.ts; the core's own limits where it says nothing.
FilterLimits ToFilterLimits(const Napi::Value& value);

}  // namespace kasocki

#endif  // KASOCKI_NODE_CONVERT_H_
