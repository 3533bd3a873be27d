#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "filter/filter.h"
#include "node/convert.h"
#include "node/hub_object.h"

namespace kasocki {
namespace {

Start StartOf(const Napi::Object& assignment) {
  auto integer = [&](const char* name) { return assignment.Get(name).As<Napi::Number>().Int64Value(); };
  const std::string kind = assignment.Get("start").As<Napi::String>().Utf8Value();
  const int64_t value = integer("value");
  if (kind == "resume") return {Start::Kind::kResume, value, {static_cast<int32_t>(integer("epoch")), integer("time")}};
  return {kind == "timestamp" ? Start::Kind::kTimestamp
          : kind == "last"    ? Start::Kind::kLast
                              : Start::Kind::kOffset,
          value,
          {}};
}

Until UntilOf(const Napi::Value& value) {
  if (!value.IsObject()) return {};
  std::string kind = value.As<Napi::Object>().Get("kind").As<Napi::String>().Utf8Value();
  if (kind == "end") return {Until::Kind::kEnd};
  return {kind == "timestamp" ? Until::Kind::kTimestamp : Until::Kind::kOffset,
          value.As<Napi::Object>().Get("value").As<Napi::Number>().Int64Value()};
}

std::vector<Assignment> ToAssignments(const Napi::Value& value) {
  std::vector<Assignment> assignments;
  if (!value.IsArray()) return assignments;
  Napi::Array array = value.As<Napi::Array>();
  assignments.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) {
    Napi::HandleScope scope(value.Env());
    Napi::Object item = array.Get(i).As<Napi::Object>();
    assignments.push_back({item.Get("topic").As<Napi::String>().Utf8Value(),
                           item.Get("partition").As<Napi::Number>().Int32Value(), StartOf(item),
                           UntilOf(item.Get("until"))});
  }
  return assignments;
}

BatchForm FormOf(const Napi::Value& value) {
  std::string name = value.As<Napi::String>().Utf8Value();
  return name == "frames" ? BatchForm::kFrames : name == "packets" ? BatchForm::kPackets : BatchForm::kPayloads;
}

size_t LimitOf(const Napi::Value& value) {
  double limit = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  return limit >= 0 && limit <= 9007199254740991.0 ? static_cast<size_t>(limit)
                                                   : std::numeric_limits<size_t>::max() / 2;
}

}  // namespace

Napi::Function SessionObject::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeSession",
      {InstanceAccessor<&SessionObject::Id>("id"), InstanceMethod<&SessionObject::Subscribe>("subscribe"),
       InstanceMethod<&SessionObject::Join>("join"), InstanceMethod<&SessionObject::Unsubscribe>("unsubscribe"),
       InstanceMethod<&SessionObject::TakePositions>("takePositions"),
       InstanceMethod<&SessionObject::SetFilter>("setFilter"), InstanceMethod<&SessionObject::SetWanting>("setWanting"),
       InstanceMethod<&SessionObject::Take>("take"), InstanceMethod<&SessionObject::TakeReplies>("takeReplies"),
       InstanceMethod<&SessionObject::Close>("close")});
}

SessionObject::SessionObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SessionObject>(info) {}

SessionObject::~SessionObject() { CloseOnce(); }

void SessionObject::CloseOnce() {
  if (!session_) return;
  handle_->hub->CloseSession(session_);
  session_.reset();
}

Napi::Value SessionObject::Id(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), session_ ? session_->id() : 0);
}

Napi::Value SessionObject::Subscribe(const Napi::CallbackInfo& info) {
  if (session_) {
    Napi::Object object = info[2].As<Napi::Object>();
    SubscribeOptions options;
    options.max_partitions = LimitOf(object.Get("maxPartitions"));
    options.names = object.Get("names").ToBoolean();
    options.bounded = object.Get("bounded").ToBoolean();
    if (Napi::Value lag = object.Get("skipLag"); lag.IsNumber()) {
      options.skip_lag = lag.As<Napi::Number>().Int64Value();
    }
    handle_->hub->Subscribe(session_, info[0].As<Napi::Number>().Uint32Value(), ToAssignments(info[1]), options);
  }
  return info.Env().Undefined();
}

Napi::Value SessionObject::Join(const Napi::CallbackInfo& info) {
  if (session_) handle_->hub->Join(session_, ToAssignments(info[0]));
  return info.Env().Undefined();
}

Napi::Value SessionObject::Unsubscribe(const Napi::CallbackInfo& info) {
  if (!session_) return Napi::Array::New(info.Env());
  if (!info[0].IsArray()) return ToJsStandings(info.Env(), handle_->hub->Unsubscribe(session_, nullptr, false));
  std::set<std::string> topics;
  Napi::Array names = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < names.Length(); ++i) topics.insert(names.Get(i).As<Napi::String>().Utf8Value());
  return ToJsStandings(info.Env(), handle_->hub->Unsubscribe(session_, &topics, info[1].ToBoolean()));
}

Napi::Value SessionObject::TakePositions(const Napi::CallbackInfo& info) {
  std::optional<std::vector<Position>> positions;
  if (session_) positions = session_->TakePositions();
  return positions ? ToJsPositions(info.Env(), *positions) : info.Env().Null();
}

Napi::Value SessionObject::SetFilter(const Napi::CallbackInfo& info) {
  if (!session_) return info.Env().Undefined();
  std::shared_ptr<const Filter> filter;
  FunctionId matcher = 0;
  if (info[0].IsNumber()) {
    matcher = info[0].As<Napi::Number>().Uint32Value();
  } else if (info[0].IsString()) {
    auto compiled = Filter::Compile(info[0].As<Napi::String>().Utf8Value(), filter_limits_);
    if (!compiled.ok()) return ToJsError(info.Env(), compiled.error());
    filter = std::move(compiled.value());
  }
  handle_->hub->SetFilter(session_, std::move(filter), matcher);
  return info.Env().Undefined();
}

Napi::Value SessionObject::SetWanting(const Napi::CallbackInfo& info) {
  if (session_) handle_->hub->SetWanting(session_, info[0].ToBoolean());
  return info.Env().Undefined();
}

Napi::Value SessionObject::Take(const Napi::CallbackInfo& info) {
  if (!session_) return info.Env().Null();
  Taken taken = handle_->hub->Take(session_, LimitOf(info[1]), LimitOf(info[2]));
  if (taken.notice) return ToJsNotice(info.Env(), *taken.notice);
  if (taken.segments.empty()) return info.Env().Null();
  return handle_->batches.Batch(info.Env(), FormOf(info[0]), std::move(taken.segments));
}

Napi::Value SessionObject::TakeReplies(const Napi::CallbackInfo& info) {
  if (!session_ || !info[0].IsArray()) return info.Env().Null();
  Napi::Array array = info[0].As<Napi::Array>();
  std::vector<uint64_t> ids(array.Length());
  for (uint32_t i = 0; i < ids.size(); ++i) {
    Napi::HandleScope scope(info.Env());
    ids[i] = static_cast<uint64_t>(array.Get(i).As<Napi::Number>().Int64Value());
  }
  Taken taken = handle_->hub->Take(session_, LimitOf(info[1]), ids.size());
  if (taken.notice) return ToJsNotice(info.Env(), *taken.notice);
  if (taken.segments.empty()) return info.Env().Null();
  return ToJsReplies(info.Env(), session_->filter_class()->format->encoder, ids, taken.segments);
}

Napi::Value SessionObject::Close(const Napi::CallbackInfo& info) {
  CloseOnce();
  return info.Env().Undefined();
}

}  // namespace kasocki
