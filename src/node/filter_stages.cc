// The stages of filtering one by one, for the tests: see stages.cc.

#include <string>
#include <string_view>
#include <vector>

#include "common/padding.h"
#include "filter/filter.h"
#include "filter/regex.h"
#include "json/document.h"
#include "json/scanner.h"
#include "node/addon.h"
#include "node/convert.h"

namespace kasocki {

namespace {

Napi::Value Throw(Napi::Env env, const std::string& message) {
  Napi::Error::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value ThrowType(Napi::Env env, const char* message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value ToBuffer(Napi::Env env, std::string_view bytes) {
  return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
}

// translateRegex(pattern): JavaScript's
Napi::Value TranslateRegex(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) return ThrowType(env, "pattern must be a string");
  const Result<TranslatedRegex> translated = TranslateJsRegex(info[0].As<Napi::String>().Utf8Value());
  if (!translated.ok()) return Throw(env, translated.error().message);
  return ToJsString(env, translated.value().pattern);
}

// translateIRegexp(pattern, whole): null if it is none
Napi::Value TranslateI(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) return ThrowType(env, "pattern must be a string");
  const auto translated = TranslateIRegexp(info[0].As<Napi::String>().Utf8Value(), info[1].ToBoolean());
  if (!translated.ok()) return Throw(env, translated.error().message);
  if (!translated.value()) return env.Null();
  return ToJsString(env, translated.value()->pattern);
}

// filter(json, limits?): what it is compiled to
Napi::Value CompileFilter(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) return ThrowType(env, "filter must be JSON text");
  const auto filter = Filter::Compile(info[0].As<Napi::String>().Utf8Value(), ToFilterLimits(info[1]));
  if (!filter.ok()) return Throw(env, filter.error().message);
  Napi::Object result = Napi::Object::New(env);
  result["canonical"] = ToBuffer(env, filter.value()->canonical());
  result["conditions"] = Napi::Number::New(env, static_cast<double>(filter.value()->conditions().size()));
  result["hasExpressions"] = Napi::Boolean::New(env, filter.value()->has_expressions());
  result["looksAtMetadata"] = Napi::Boolean::New(env, filter.value()->LooksAt("_kafka"));
  return result;
}

// select(filter, text, limits?): what the filter's one query selects of a text, and in how many steps
Napi::Value Select(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsString()) return ThrowType(env, "filter and text must be strings");
  const auto filter = Filter::Compile(info[0].As<Napi::String>().Utf8Value(), ToFilterLimits(info[2]));
  if (!filter.ok()) return Throw(env, filter.error().message);
  PathSet paths;
  std::vector<size_t> ids;
  for (const JsonPath& path : filter.value()->paths()) ids.push_back(paths.Add(path));
  std::string text = info[1].As<Napi::String>().Utf8Value();
  text.reserve(text.size() + kPadding);
  JsonScanner scanner;
  if (scanner.Scan(text, &paths) == JsonVerdict::kInvalid) return Throw(env, scanner.reason());

  FilterRun run;
  std::vector<JsonNode> nodes;
  const bool complete = filter.value()->Select(scanner, scanner.values(), ids, &run, &nodes);
  Napi::Array list = Napi::Array::New(env, nodes.size());
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    const JsonValue value = scanner.document().value(nodes[i]);
    const bool string = value.kind == JsonKind::kString;  // whose quotes are not part of it
    list[i] = ToBuffer(env, string ? std::string_view(value.text.data() - 1, value.text.size() + 2) : value.text);
  }
  Napi::Object result = Napi::Object::New(env);
  result["nodes"] = list;
  result["complete"] = Napi::Boolean::New(env, complete);
  result["steps"] = Napi::Number::New(env, static_cast<double>(run.steps()));
  return result;
}

}  // namespace

void InitFilterStages(Napi::Env env, Napi::Object stages) {
  stages["translateRegex"] = Napi::Function::New(env, TranslateRegex, "translateRegex");
  stages["translateIRegexp"] = Napi::Function::New(env, TranslateI, "translateIRegexp");
  stages["filter"] = Napi::Function::New(env, CompileFilter, "filter");
  stages["select"] = Napi::Function::New(env, Select, "select");
}

}  // namespace kasocki
