#include "node/hub_object.h"

#include <utility>

#include "node/addon.h"
#include "node/convert.h"

namespace kasocki {
namespace {

using std::chrono::milliseconds;

OffsetReset ResetOf(const Napi::Value& value) {
  std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  return name == "earliest" ? OffsetReset::kEarliest : name == "error" ? OffsetReset::kError : OffsetReset::kLatest;
}

// False while the environment is being torn down: callbacks still come then, but no JavaScript may run.
bool CanRunJavaScript(napi_env env) {
  napi_value object = nullptr, value = nullptr;
  return env != nullptr && napi_create_object(env, &object) == napi_ok && napi_get_null(env, &value) == napi_ok &&
         napi_set_named_property(env, object, "probe", value) == napi_ok;
}

// The paths of the option `fields`: their segments stand as JSON writes the inside of a string, because that can say
// every JavaScript string.
std::shared_ptr<const FieldMask> FieldsOf(const Napi::Value& value) {
  if (!value.IsObject()) return nullptr;
  const Napi::Object fields = value.As<Napi::Object>();
  const Napi::Array list = fields.Get("paths").As<Napi::Array>();
  std::vector<JsonPath> paths(list.Length());
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Array segments = list.Get(i).As<Napi::Array>();
    for (uint32_t k = 0; k < segments.Length(); ++k) {
      UnescapeJsonString(segments.Get(k).As<Napi::String>().Utf8Value(), &paths[i].emplace_back());
    }
  }
  const auto mode = fields.Get("drop").ToBoolean() ? FieldMask::Mode::kDrop : FieldMask::Mode::kOnly;
  return std::make_shared<const FieldMask>(mode, paths);
}

uint32_t Uint(const Napi::Value& value) { return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : 0; }
int64_t Int(const Napi::Value& value) { return value.IsNumber() ? value.As<Napi::Number>().Int64Value() : 0; }
std::string Text(const Napi::Value& value) { return value.IsString() ? value.As<Napi::String>().Utf8Value() : ""; }

}  // namespace

void HubObject::Init(Napi::Env env, Napi::Object exports) {
  exports.Set(
      "NativeHub",
      DefineClass(
          env, "NativeHub",
          {InstanceMethod<&HubObject::Topics>("topics"), InstanceMethod<&HubObject::Describe>("describe"),
           InstanceMethod<&HubObject::OpenSession>("openSession"),
           InstanceMethod<&HubObject::Deserialized>("deserialized"), InstanceMethod<&HubObject::Matched>("matched"),
           InstanceMethod<&HubObject::SetToken>("setToken"), InstanceMethod<&HubObject::FailToken>("failToken"),
           InstanceMethod<&HubObject::Stats>("stats"), InstanceMethod<&HubObject::Lags>("lags"),
           InstanceMethod<&HubObject::BufferBytes>("bufferBytes"), InstanceMethod<&HubObject::Close>("close")}));
}

HubObject::HubObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<HubObject>(info), Threaded(info.Env()), self_(this, [](HubObject*) {}), env_(info.Env()) {
  Napi::Object options = info[0].As<Napi::Object>();
  KafkaConfig config{ToPairs(options.Get("global")), ToPairs(options.Get("topic"))};
  WorkerOptions worker;
  worker.clients = [config = std::move(config)](KafkaClient::Role role, std::function<void()> wake) {
    return KafkaClient::Create(config, role, std::move(wake));
  };
  worker.offset_reset = ResetOf(options.Get("autoOffsetReset"));

  bell_ = Bell::New(info.Env(), info[1].As<Napi::Function>(), "kasocki", 0, 1, new Link(self_),
                    [](Napi::Env, void*, Link* link) { delete link; });
  bell_.Unref(info.Env());  // an idle hub does not keep the process alive
  handle_ = std::make_shared<HubHandle>();
  // The ring is the worker's: ShutDown joins the worker before this object goes.
  handle_->hub = std::make_unique<Hub>(std::move(worker), [this] { bell_.NonBlockingCall(); });
  napi_add_env_cleanup_hook(env_, &HubObject::OnEnvironmentEnd, this);
}

HubObject::~HubObject() { ShutDown(); }

void HubObject::OnEnvironmentEnd(void* self) { static_cast<HubObject*>(self)->ShutDown(); }

void HubObject::ShutDown() {
  if (std::exchange(shut_down_, true)) return;
  napi_remove_env_cleanup_hook(env_, &HubObject::OnEnvironmentEnd, this);
  handle_->hub->Join();
  bell_.Release();
}

void HubObject::OnBell(Napi::Env env, Napi::Function on_event, Link* link, void*) {
  if (static_cast<napi_env>(env) == nullptr) return;  // the environment has ended, and the link with it
  if (const std::shared_ptr<HubObject> self = link->lock()) self->Deliver(env, on_event);
}

void HubObject::Deliver(Napi::Env env, Napi::Function on_event) {
  if (shut_down_) return;
  Napi::HandleScope scope(env);
  if (!CanRunJavaScript(env)) return;
  handle_->batches.Clear();
  std::vector<HubEvent> events;
  std::vector<SessionId> ready;
  handle_->hub->TakeEvents(&events, &ready);
  bool closed = false;
  for (const HubEvent& event : events) {
    Napi::HandleScope event_scope(env);
    closed = closed || std::holds_alternative<ClosedEvent>(event);
    on_event.Call({ToJsEvent(env, event)});
    if (env.IsExceptionPending()) env.GetAndClearPendingException();  // lib/hub.js lets none through
  }
  if (!ready.empty() && !closed) {
    Napi::Object event = Napi::Object::New(env);
    event.Set("type", "ready");
    event.Set("sessions", ToJsSessions(env, ready));
    on_event.Call({event});
    if (env.IsExceptionPending()) env.GetAndClearPendingException();
  }
  if (closed) ShutDown();
}

Napi::Value HubObject::Topics(const Napi::CallbackInfo& info) {
  handle_->hub->RequestTopics(Uint(info[0]), milliseconds(Int(info[1])), milliseconds(Int(info[2])));
  return info.Env().Undefined();
}

Napi::Value HubObject::Describe(const Napi::CallbackInfo& info) {
  std::vector<std::string> topics;
  Napi::Array names = info[1].As<Napi::Array>();
  topics.reserve(names.Length());
  for (uint32_t i = 0; i < names.Length(); ++i) {
    Napi::HandleScope scope(info.Env());
    topics.push_back(Text(names.Get(i)));
  }
  handle_->hub->Describe(Uint(info[0]), std::move(topics));
  return info.Env().Undefined();
}

Napi::Value HubObject::OpenSession(const Napi::CallbackInfo& info) {
  Napi::Object options = info[0].As<Napi::Object>();
  Hub::SessionOptions session;
  session.name_space = Text(options.Get("namespace"));
  session.metadata.field = Text(options.Get("metadataField"));
  session.metadata.join = options.Get("metadataJoin").ToBoolean();
  session.decoder = Uint(options.Get("decoder"));
  if (int64_t depth = Int(options.Get("maxDepth")); depth > 0) session.max_depth = static_cast<size_t>(depth);
  if (int64_t bytes = Int(options.Get("maxPreparedBytes")); bytes > 0) {
    session.max_prepared_bytes = static_cast<size_t>(bytes);
  }
  session.max_delay = milliseconds(Int(options.Get("maxDelay")));
  session.fields = FieldsOf(options.Get("fields"));
  if (Napi::Value guard = options.Get("guard"); guard.IsString()) {
    FilterLimits limits;  // those of clients are not for the server's own filter, but for what judging it takes
    limits.max_steps = ToFilterLimits(options.Get("filterLimits")).max_steps;
    auto compiled = Filter::Compile(guard.As<Napi::String>().Utf8Value(), limits);
    if (!compiled.ok()) {
      Napi::Error error = Napi::Error::New(info.Env(), compiled.error().message);
      error.Set("kind", ToJsError(info.Env(), compiled.error()).Get("kind"));
      error.ThrowAsJavaScriptException();
      return info.Env().Undefined();
    }
    session.guard = std::move(compiled.value());
  }
  Napi::Object object = AddonData::Of(info.Env())->session_constructor.New({});
  SessionObject* wrapped = object.IsEmpty() ? nullptr : SessionObject::Unwrap(object);
  if (wrapped == nullptr) return object;  // a thread that is being terminated gets no objects
  wrapped->handle_ = handle_;
  wrapped->filter_limits_ = ToFilterLimits(options.Get("filterLimits"));
  wrapped->session_ = handle_->hub->OpenSession(session);
  return object;
}

Napi::Value HubObject::Deserialized(const Napi::CallbackInfo& info) {
  std::vector<std::optional<std::string>> texts;
  if (info[1].IsArray()) {
    Napi::Array array = info[1].As<Napi::Array>();
    texts.reserve(array.Length());
    for (uint32_t i = 0; i < array.Length(); ++i) {
      Napi::HandleScope scope(info.Env());
      Napi::Value text = array.Get(i);
      texts.push_back(text.IsString() ? std::optional(text.As<Napi::String>().Utf8Value()) : std::nullopt);
    }
  }
  handle_->hub->Deserialized(Uint(info[0]), std::move(texts));
  return info.Env().Undefined();
}

Napi::Value HubObject::Matched(const Napi::CallbackInfo& info) {
  std::vector<uint8_t> verdicts;
  if (info[1].IsTypedArray() && info[1].As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    Napi::Uint8Array array = info[1].As<Napi::Uint8Array>();
    verdicts.assign(array.Data(), array.Data() + array.ElementLength());
  }
  handle_->hub->Matched(Uint(info[0]), std::move(verdicts));
  return info.Env().Undefined();
}

Napi::Value HubObject::SetToken(const Napi::CallbackInfo& info) {
  handle_->hub->SetToken(Text(info[0]), Int(info[1]), Text(info[2]), ToPairs(info[3]));
  return info.Env().Undefined();
}

Napi::Value HubObject::FailToken(const Napi::CallbackInfo& info) {
  handle_->hub->FailToken(Text(info[0]));
  return info.Env().Undefined();
}

Napi::Value HubObject::Stats(const Napi::CallbackInfo& info) {
  const Counters& counters = handle_->hub->counters();
  Napi::Object stats = Napi::Object::New(info.Env());
  auto set = [&](const char* name, auto value) { stats.Set(name, static_cast<double>(value)); };
  set("sessions", counters.sessions.load());
  set("cursors", counters.cursors.load());
  set("partitions", counters.partitions.load());
  set("tailScans", counters.tail_scans.load());
  set("catchUpScans", counters.catch_up_scans.load());
  set("recordsRead", counters.records_read.load());
  set("bytesRead", counters.bytes_read.load());
  set("recordsParsed", counters.records_parsed.load());
  set("filterEvaluations", counters.filter_evaluations.load());
  set("filtersTried", counters.filters_tried.load());
  set("filtersOverBudget", counters.filters_over_budget.load());
  set("slowChunks", counters.slow_chunks.load());
  set("recordsMatched", counters.records_matched.load());
  set("recordsEncoded", counters.records_encoded.load());
  set("recordsSkipped", counters.records_skipped.load());
  set("bufferBytes", counters.buffer_bytes.load());
  set("maxLag", counters.max_lag.load());
  set("classes", handle_->hub->classes());
  return stats;
}

Napi::Value HubObject::Lags(const Napi::CallbackInfo& info) {
  const std::vector<PartitionLag> lags = handle_->hub->counters().lags.Get();
  Napi::Array array = Napi::Array::New(info.Env(), lags.size());
  for (uint32_t i = 0; i < lags.size(); ++i) {
    Napi::HandleScope scope(info.Env());
    Napi::Object item = Napi::Object::New(info.Env());
    item.Set("topic", ToJsString(info.Env(), lags[i].topic));
    item.Set("partition", lags[i].partition);
    item.Set("lag", static_cast<double>(lags[i].lag));
    array.Set(i, item);
  }
  return array;
}

Napi::Value HubObject::BufferBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(handle_->hub->counters().buffer_bytes.load()));
}

Napi::Value HubObject::Close(const Napi::CallbackInfo& info) {
  handle_->hub->Close();
  return info.Env().Undefined();
}

}  // namespace kasocki
