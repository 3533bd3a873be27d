#include "node/convert.h"

#include <algorithm>
#include <cstring>

namespace kasocki {
namespace {

using Napi::Array;
using Napi::Env;
using Napi::Number;
using Napi::Object;
using Napi::String;
using Napi::Value;

const char* KindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kConfiguration:
      return "Configuration";
    case ErrorKind::kInvalidFilter:
      return "InvalidFilter";
    case ErrorKind::kFilterBudget:
      return "FilterBudget";
    case ErrorKind::kInvalidAssignment:
      return "InvalidAssignment";
    case ErrorKind::kTopicNotAvailable:
      return "TopicNotAvailable";
    case ErrorKind::kKafka:
      return "Kafka";
    case ErrorKind::kLimitExceeded:
      return "LimitExceeded";
    case ErrorKind::kClosed:
      return "Closed";
  }
  return "Kafka";
}

Object Typed(Env env, const char* type) {
  Object object = Object::New(env);
  object.Set("type", type);
  return object;
}

// node-rdkafka's name and payload of an event.
Object KafkaEvent(Env env, const char* name, Object payload) {
  Object object = Typed(env, "kafka");
  object.Set("name", name);
  object.Set("payload", payload);
  return object;
}

Value BytesOrNull(Env env, const std::optional<std::string_view>& bytes) {
  if (!bytes) return env.Null();
  return Napi::Buffer<char>::Copy(env, bytes->data(), bytes->size());
}

Object ToJsRecord(Env env, const RecordView& record) {
  Object object = Object::New(env);
  object.Set("offset", static_cast<double>(record.offset));
  object.Set("timestamp", record.timestamp < 0 ? env.Null() : Number::New(env, static_cast<double>(record.timestamp)));
  object.Set("key", BytesOrNull(env, record.key));
  object.Set("value", BytesOrNull(env, record.value));
  Array headers = Array::New(env, record.headers.size());
  for (uint32_t i = 0; i < record.headers.size(); ++i) {
    Array header = Array::New(env, 2);
    header.Set(0u, String::New(env, record.headers[i].first.data(), record.headers[i].first.size()));
    header.Set(1u, BytesOrNull(env, record.headers[i].second));
    headers.Set(i, header);
  }
  object.Set("headers", headers);
  return object;
}

Object ToJsAssignment(Env env, const TopicPartition& partition, std::optional<int64_t> offset) {
  Object object = Object::New(env);
  object.Set("topic", ToJsString(env, partition.topic));
  object.Set("partition", partition.partition);
  object.Set("offset", offset ? Number::New(env, static_cast<double>(*offset)) : env.Null());
  return object;
}

const char* ReasonName(GapNotice::Reason reason) {
  switch (reason) {
    case GapNotice::Reason::kRetention:
      return "retention";
    case GapNotice::Reason::kSkipped:
      return "skipped";
    case GapNotice::Reason::kTruncated:
      return "truncated";
  }
  return "";
}

struct NoticeConverter {
  Env env;

  Object operator()(const EndNotice& notice) const {
    Object object = Object::New(env);
    object.Set("notice", "end");
    object.Set("assignments", ToJsStandings(env, notice.ended));
    return object;
  }

  Object operator()(const AssignedNotice& notice) const {
    Object object = Object::New(env);
    object.Set("notice", "assigned");
    Array assignments = Array::New(env, notice.joined.size());
    for (uint32_t i = 0; i < notice.joined.size(); ++i) {
      Object assignment = ToJsAssignment(env, notice.joined[i].partition, notice.joined[i].offset);
      assignment.Set("exact", notice.joined[i].exact);
      assignments.Set(i, assignment);
    }
    object.Set("assignments", assignments);
    return object;
  }

  Object operator()(const GapNotice& notice) const {
    Object gap = Object::New(env);
    gap.Set("topic", ToJsString(env, notice.partition.topic));
    gap.Set("partition", notice.partition.partition);
    gap.Set("from", static_cast<double>(notice.from));
    gap.Set("to", static_cast<double>(notice.to));
    gap.Set("reason", ReasonName(notice.reason));
    Object object = Object::New(env);
    object.Set("notice", "gap");
    object.Set("gap", gap);
    return object;
  }
};

struct EventConverter {
  Env env;

  Object operator()(const TopicsEvent& event) const {
    Object object = Typed(env, "topics");
    object.Set("request", event.request);
    if (!event.topics.ok()) {
      object.Set("error", ToJsError(env, event.topics.error()));
      object.Set("healable", event.healable);
      return object;
    }
    const std::vector<std::string>& names = event.topics.value();
    Array topics = Array::New(env, names.size());
    for (uint32_t i = 0; i < names.size(); ++i) topics.Set(i, ToJsString(env, names[i]));
    object.Set("topics", topics);
    return object;
  }

  Object operator()(const DescribedEvent& event) const {
    Object object = Typed(env, "described");
    object.Set("request", event.request);
    object.Set("cluster", ToJsString(env, event.cluster));
    Array ids = Array::New(env, event.ids.size());
    for (uint32_t i = 0; i < event.ids.size(); ++i) {
      Napi::HandleScope scope(env);
      ids.Set(i, BytesOrNull(env, event.ids[i].empty() ? std::nullopt : std::optional<std::string_view>(event.ids[i])));
    }
    object.Set("ids", ids);
    return object;
  }

  Object operator()(const SubscribedEvent& event) const {
    Object object = Typed(env, "subscribed");
    object.Set("session", event.session);
    object.Set("request", event.request);
    if (!event.assignments.ok()) {
      object.Set("error", ToJsError(env, event.assignments.error()));
      return object;
    }
    const std::vector<Assigned>& list = event.assignments.value();
    Array assignments = Array::New(env, list.size());
    for (uint32_t i = 0; i < list.size(); ++i) {
      assignments.Set(i, ToJsAssignment(env, list[i].partition, list[i].offset));
    }
    object.Set("assignments", assignments);
    return object;
  }

  Object operator()(const SessionsErrorEvent& event) const {
    Object object = Typed(env, "error");
    object.Set("sessions", ToJsSessions(env, event.sessions));
    object.Set("error", ToJsError(env, event.error));
    return object;
  }

  Object operator()(const SkippedEvent& event) const {
    Object object = Typed(env, "skipped");
    object.Set("count", static_cast<double>(event.count));
    object.Set("topic", ToJsString(env, event.topic));
    object.Set("partition", event.partition);
    object.Set("offset", static_cast<double>(event.offset));
    object.Set("reason", ToJsString(env, event.reason));
    return object;
  }

  Object operator()(const GuardBudgetEvent& event) const {
    Object object = Typed(env, "guardOverBudget");
    object.Set("count", static_cast<double>(event.count));
    object.Set("topic", ToJsString(env, event.topic));
    object.Set("partition", event.partition);
    object.Set("offset", static_cast<double>(event.offset));
    return object;
  }

  Object operator()(const DeserializeEvent& event) const {
    Object object = Typed(env, "deserialize");
    object.Set("request", event.request);
    object.Set("decoder", event.decoder);
    object.Set("topic", ToJsString(env, event.partition.topic));
    object.Set("partition", event.partition.partition);
    Array records = Array::New(env, event.records->size());
    for (size_t i = 0; i < event.records->size(); ++i) {
      Napi::HandleScope scope(env);
      records.Set(static_cast<uint32_t>(i), ToJsRecord(env, event.records->record(i)));
    }
    object.Set("records", records);
    return object;
  }

  Object operator()(const MatchEvent& event) const {
    Object object = Typed(env, "match");
    object.Set("request", event.request);
    object.Set("matcher", event.matcher);
    Array texts = Array::New(env, event.texts->size());
    for (size_t i = 0; i < event.texts->size(); ++i) {
      Napi::HandleScope scope(env);
      texts.Set(static_cast<uint32_t>(i), ToJsString(env, (*event.texts)[i]));
    }
    object.Set("texts", texts);
    return object;
  }

  Object operator()(const ClosedEvent&) const { return Typed(env, "closed"); }

  Object operator()(const LogEvent& event) const {
    Object object = Typed(env, "log");
    object.Set("level", event.level);
    object.Set("facility", ToJsString(env, event.facility));
    object.Set("text", ToJsString(env, event.text));
    if (!event.instance.empty()) object.Set("instance", ToJsString(env, event.instance));
    return object;
  }

  Object operator()(const ErrorEvent& event) const {
    Object payload = ToJsError(env, event.error);
    payload.Set("fatal", event.fatal);
    return KafkaEvent(env, "event.error", payload);
  }

  Object operator()(const StatsEvent& event) const {
    Object payload = Object::New(env);
    payload.Set("message", ToJsString(env, event.json));
    return KafkaEvent(env, "event.stats", payload);
  }

  Object operator()(const ThrottleEvent& event) const {
    Object payload = Object::New(env);
    payload.Set("brokerName", ToJsString(env, event.broker));
    payload.Set("brokerId", event.broker_id);
    payload.Set("throttleTime", static_cast<double>(event.throttle_ms));
    return KafkaEvent(env, "event.throttle", payload);
  }

  Object operator()(const TokenRefreshEvent& event) const {
    Object object = Typed(env, "token");
    object.Set("config", ToJsString(env, event.oauthbearer_config));
    return object;
  }
};

// A member that is a number over 0 becomes *limit.
template <typename Limit>
void ReadLimit(const Object& object, const char* name, Limit* limit) {
  const Value value = object.Get(name);
  if (value.IsNumber() && value.As<Number>().Int64Value() > 0) {
    *limit = static_cast<Limit>(value.As<Number>().Int64Value());
  }
}

}  // namespace

String ToJsString(Env env, std::string_view text) {
  bool ascii = std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  napi_value value = nullptr;
  if (ascii) {
    napi_create_string_latin1(env, text.data(), text.size(), &value);
  } else {
    napi_create_string_utf8(env, text.data(), text.size(), &value);
  }
  return String(env, value);
}

Object ToJsError(Env env, const Error& error) {
  Object object = Object::New(env);
  object.Set("kind", KindName(error.kind));
  object.Set("message", ToJsString(env, error.message));
  object.Set("code", ToJsString(env, error.code));
  if (error.position >= 0) object.Set("position", static_cast<double>(error.position));
  if (error.item >= 0) object.Set("item", static_cast<double>(error.item));
  return object;
}

Value ToJsSessions(Env env, const std::vector<SessionId>& sessions) {
  Napi::Uint32Array array = Napi::Uint32Array::New(env, sessions.size());
  if (array.IsEmpty()) return array;  // a thread that is being terminated gets none
  if (!sessions.empty()) std::memcpy(array.Data(), sessions.data(), sessions.size() * sizeof(SessionId));
  return array;
}

Value ToJsStandings(Env env, const std::vector<Standing>& standings) {
  Array array = Array::New(env, standings.size());
  for (uint32_t i = 0; i < standings.size(); ++i) {
    array.Set(i, ToJsAssignment(env, standings[i].partition, standings[i].offset));
  }
  return array;
}

Value ToJsPositions(Env env, const std::vector<Position>& positions) {
  Array array = Array::New(env, positions.size());
  for (uint32_t i = 0; i < positions.size(); ++i) {
    Napi::HandleScope scope(env);
    const auto& [standing, mark, until] = positions[i];
    Object object = ToJsAssignment(env, standing.partition, standing.offset);
    object.Set("epoch", mark.leader_epoch);
    object.Set("time", static_cast<double>(mark.time));
    object.Set("until",
               until.offset == Bound::kNone ? env.Null() : Number::New(env, static_cast<double>(until.offset)));
    array.Set(i, object);
  }
  return array;
}

Object ToJsNotice(Env env, const Notice& notice) { return std::visit(NoticeConverter{env}, notice); }

Object ToJsEvent(Env env, const HubEvent& event) { return std::visit(EventConverter{env}, event); }

FilterLimits ToFilterLimits(const Value& value) {
  FilterLimits limits;
  if (!value.IsObject()) return limits;
  const Object object = value.As<Object>();
  ReadLimit(object, "filterBytes", &limits.max_bytes);
  ReadLimit(object, "filterSteps", &limits.max_steps);
  ReadLimit(object, "regexProgram", &limits.regex.max_memory);
  return limits;
}

std::vector<std::pair<std::string, std::string>> ToPairs(const Value& value) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!value.IsArray()) return pairs;
  Array array = value.As<Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    Value item = array.Get(i);
    if (!item.IsArray()) continue;
    Value name = item.As<Array>().Get(0u);
    Value text = item.As<Array>().Get(1u);
    if (name.IsString() && text.IsString()) {
      pairs.emplace_back(name.As<String>().Utf8Value(), text.As<String>().Utf8Value());
    }
  }
  return pairs;
}

}  // namespace kasocki
