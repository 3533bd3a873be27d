// The stages of the core one by one, for the tests: the scanner, the augmentation, the frame encoder, the evaluation of
// many filters; the rest about filters is in filter_stages.cc. Synchronous, without state, and no part of the public API; the declarations are in
// lib/native.d.ts.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/padding.h"
#include "encode/frame.h"
#include "engine/evaluator.h"
#include "engine/filter_class.h"
#include "filter/filter.h"
#include "json/augment.h"
#include "json/fields.h"
#include "json/scanner.h"
#include "node/addon.h"
#include "record/record_chunk.h"

namespace kasocki {

namespace {

// What stands behind a text unless a test says otherwise: bytes that would change a verdict if they were interpreted.
constexpr std::string_view kDefaultPadding = "1]}\"e0";

// A copy of a text with exactly kPadding bytes behind it, so that a sanitizer sees every byte read beyond.
class PaddedText {
 public:
  PaddedText(std::string_view text, std::string_view padding)
      : bytes_(std::make_unique<char[]>(text.size() + kPadding)), size_(text.size()) {
    std::copy(text.begin(), text.end(), bytes_.get());
    for (size_t i = 0; i < kPadding; ++i) bytes_[size_ + i] = padding[i % padding.size()];
  }
  std::string_view text() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

// The bytes of a Uint8Array, or a string as UTF-8 (in *copy); false for anything else.
bool ReadBytes(const Napi::Value& value, std::string* copy, std::string_view* bytes) {
  if (value.IsString()) {
    *copy = value.As<Napi::String>().Utf8Value();
    *bytes = *copy;
    return true;
  }
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return false;
  const Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  *bytes = std::string_view(reinterpret_cast<const char*>(array.Data()), array.ByteLength());
  return true;
}

// A path from an array of at least one string or bytes.
bool ReadPath(const Napi::Value& value, JsonPath* path) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() == 0) return false;
  const Napi::Array segments = value.As<Napi::Array>();
  for (uint32_t k = 0; k < segments.Length(); ++k) {
    std::string copy;
    std::string_view segment;
    if (!ReadBytes(segments.Get(k), &copy, &segment)) return false;
    path->emplace_back(segment);
  }
  return true;
}

Napi::Value ThrowType(Napi::Env env, const char* message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value ToBuffer(Napi::Env env, std::string_view bytes) {
  return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
}

const char* VerdictName(JsonVerdict verdict) {
  switch (verdict) {
    case JsonVerdict::kObject:
      return "object";
    case JsonVerdict::kArray:
      return "array";
    case JsonVerdict::kScalar:
      return "scalar";
    default:
      return "invalid";
  }
}

const char* KindName(JsonKind kind) {
  switch (kind) {
    case JsonKind::kMissing:
      return "missing";
    case JsonKind::kNull:
      return "null";
    case JsonKind::kFalse:
      return "false";
    case JsonKind::kTrue:
      return "true";
    case JsonKind::kNumber:
      return "number";
    case JsonKind::kString:
      return "string";
    case JsonKind::kArray:
      return "array";
    default:
      return "object";
  }
}

Napi::Object Verdict(Napi::Env env, JsonVerdict verdict, const JsonScanner& scanner) {
  Napi::Object result = Napi::Object::New(env);
  result["verdict"] = Napi::String::New(env, VerdictName(verdict));
  result["reason"] = Napi::String::New(env, scanner.reason());
  return result;
}

Napi::Object Describe(Napi::Env env, const JsonScanner& scanner, const JsonValue& value, bool with_elements) {
  Napi::Object result = Napi::Object::New(env);
  result["kind"] = Napi::String::New(env, KindName(value.kind));
  result["escaped"] = Napi::Boolean::New(env, value.escaped);
  result["text"] = ToBuffer(env, value.text);
  if (value.kind == JsonKind::kString) {
    std::string characters;
    UnescapeJsonString(value.text, &characters);
    result["characters"] = ToBuffer(env, characters);
  }
  if (value.kind == JsonKind::kArray && with_elements) {
    std::vector<JsonValue> elements;
    scanner.Elements(value, &elements);
    Napi::Array list = Napi::Array::New(env, elements.size());
    for (uint32_t i = 0; i < elements.size(); ++i) list[i] = Describe(env, scanner, elements[i], false);
    result["elements"] = list;
  }
  return result;
}

// scan(text, maxDepth = 1024, padding?)
Napi::Value ScanText(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string copy, padding_copy;
  std::string_view text, padding;
  if (!ReadBytes(info[0], &copy, &text)) return ThrowType(env, "text must be a Uint8Array");
  if (!info[1].IsUndefined() && !info[1].IsNumber()) return ThrowType(env, "maxDepth must be a number");
  if (!ReadBytes(info[2], &padding_copy, &padding) || padding.empty()) padding = kDefaultPadding;
  const PaddedText padded(text, padding);
  JsonScanner scanner(info[1].IsNumber() ? info[1].As<Napi::Number>().Uint32Value() : 1024);
  const JsonVerdict verdict = scanner.Scan(padded.text());
  return Verdict(env, verdict, scanner);
}

// pick(texts, paths, watched = ''): one scanner for all texts, as in the engine
Napi::Value Pick(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray() || !info[1].IsArray()) return ThrowType(env, "texts and paths must be arrays");
  PathSet paths;
  std::vector<size_t> ids;
  const Napi::Array path_list = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < path_list.Length(); ++i) {
    JsonPath path;
    if (!ReadPath(path_list.Get(i), &path)) return ThrowType(env, "a path must be an array of segments");
    ids.push_back(paths.Add(path));
  }
  const std::string watched = info[2].IsString() ? info[2].As<Napi::String>().Utf8Value() : "";

  JsonScanner scanner;
  const Napi::Array texts = info[0].As<Napi::Array>();
  Napi::Array results = Napi::Array::New(env, texts.Length());
  for (uint32_t i = 0; i < texts.Length(); ++i) {
    const Napi::HandleScope scope(env);
    std::string copy;
    std::string_view text;
    if (!ReadBytes(texts[i], &copy, &text)) return ThrowType(env, "a text must be a Uint8Array");
    const PaddedText padded(text, kDefaultPadding);
    const JsonVerdict verdict = scanner.Scan(padded.text(), ids.empty() ? nullptr : &paths, watched);
    Napi::Object result = Verdict(env, verdict, scanner);
    Napi::Array values = Napi::Array::New(env, ids.size());
    for (uint32_t k = 0; k < ids.size(); ++k) values[k] = Describe(env, scanner, scanner.values()[ids[k]], true);
    result["values"] = values;
    Napi::Array members = Napi::Array::New(env);
    for (const MemberSpan& member : scanner.members()) {
      Napi::Object span = Napi::Object::New(env);
      span["begin"] = Napi::Number::New(env, member.begin);
      span["end"] = Napi::Number::New(env, member.end);
      span["value"] = Describe(env, scanner, member.value, true);
      members[members.Length()] = span;
    }
    result["members"] = members;
    results[i] = result;
  }
  return results;
}

// A record's key, a header's name or value: bytes, a string, or null.
bool ReadOptional(const Napi::Value& value, std::vector<std::unique_ptr<std::string>>* store,
                  std::optional<std::string_view>* bytes) {
  if (value.IsNull() || value.IsUndefined()) return true;
  std::string copy;
  std::string_view view;
  if (!ReadBytes(value, &copy, &view)) return false;
  store->push_back(std::make_unique<std::string>(view));
  *bytes = *store->back();
  return true;
}

// augment(text, record, field, join)
Napi::Value Augment(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string copy;
  std::string_view text;
  if (!ReadBytes(info[0], &copy, &text)) return ThrowType(env, "text must be a Uint8Array");
  if (!info[1].IsObject()) return ThrowType(env, "record must be an object");
  const Napi::Object record = info[1].As<Napi::Object>();
  const Napi::Value topic = record.Get("topic"), partition = record.Get("partition"), offset = record.Get("offset");
  const Napi::Value timestamp = record.Get("timestamp"), headers = record.Get("headers");
  if (!topic.IsString() || !partition.IsNumber() || !offset.IsNumber()) {
    return ThrowType(env, "record needs a topic, a partition and an offset");
  }

  std::vector<std::unique_ptr<std::string>> store;
  RecordView view;
  view.offset = offset.As<Napi::Number>().Int64Value();
  if (timestamp.IsNumber()) view.timestamp = timestamp.As<Napi::Number>().Int64Value();
  if (!ReadOptional(record.Get("key"), &store, &view.key)) return ThrowType(env, "key must be bytes or null");
  const Napi::Array list = headers.IsArray() ? headers.As<Napi::Array>() : Napi::Array::New(env);
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value item = list[i];
    std::optional<std::string_view> name, value;
    if (!item.IsArray() || !ReadOptional(item.As<Napi::Array>().Get(0u), &store, &name) || !name ||
        !ReadOptional(item.As<Napi::Array>().Get(1u), &store, &value)) {
      return ThrowType(env, "a header must be [name, bytes or null]");
    }
    view.headers.emplace_back(*name, value);
  }

  MetadataStyle style;
  style.field = info[2].IsString() ? info[2].As<Napi::String>().Utf8Value() : "";
  style.join = info[3].ToBoolean();
  const PaddedText padded(text, kDefaultPadding);
  JsonScanner scanner;
  const JsonVerdict verdict = scanner.Scan(padded.text(), nullptr, style.field);
  if (verdict == JsonVerdict::kInvalid) {
    Napi::Error::New(env, scanner.reason()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  std::string metadata, out;
  AppendMetadata(topic.As<Napi::String>().Utf8Value(), partition.As<Napi::Number>().Int32Value(), view, &metadata);
  AppendAugmented(padded.text(), verdict, scanner.members(), style, metadata, &out);
  return ToBuffer(env, out);
}

// cut(texts, mode, paths): one scanner and one cutter for all texts, as in the engine; null where nothing is cut
Napi::Value Cut(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray() || !info[1].IsString() || !info[2].IsArray()) {
    return ThrowType(env, "cut(texts, mode, paths)");
  }
  std::vector<JsonPath> paths;
  const Napi::Array path_list = info[2].As<Napi::Array>();
  for (uint32_t i = 0; i < path_list.Length(); ++i) {
    if (!ReadPath(path_list.Get(i), &paths.emplace_back()))
      return ThrowType(env, "a path must be an array of segments");
  }
  const bool drop = info[1].As<Napi::String>().Utf8Value() == "drop";
  const FieldMask mask(drop ? FieldMask::Mode::kDrop : FieldMask::Mode::kOnly, paths);
  JsonScanner scanner;
  FieldCutter cutter;
  const Napi::Array texts = info[0].As<Napi::Array>();
  Napi::Array results = Napi::Array::New(env, texts.Length());
  for (uint32_t i = 0; i < texts.Length(); ++i) {
    const Napi::HandleScope scope(env);
    std::string copy, out;
    std::string_view text;
    if (!ReadBytes(texts.Get(i), &copy, &text)) return ThrowType(env, "a text must be a Uint8Array");
    const PaddedText padded(text, kDefaultPadding);
    const JsonVerdict verdict = scanner.Scan(padded.text());
    if (verdict != JsonVerdict::kObject && verdict != JsonVerdict::kArray) {
      return ThrowType(env, "a text must be an object or array of JSON");
    }
    const bool cut = cutter.Cut(mask, scanner, &out);
    results.Set(i, cut ? ToBuffer(env, out) : env.Null());
  }
  return results;
}

// frame(payload, namespace)
Napi::Value Frame(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string copy;
  std::string_view payload;
  if (!ReadBytes(info[0], &copy, &payload)) return ThrowType(env, "payload must be a Uint8Array");
  if (!info[1].IsString()) return ThrowType(env, "namespace must be a string");
  // Behind another frame, because in the engine many share one buffer.
  std::string out;
  const FrameEncoder encoder(info[1].As<Napi::String>().Utf8Value());
  const size_t first = encoder.Append("0", &out).frame_length;
  const FrameLayout layout = encoder.Append(payload, &out);
  const std::string_view frame = std::string_view(out).substr(first);
  if (layout.frame_length != frame.size() || frame.substr(layout.payload_begin, layout.payload_length) != payload ||
      frame.substr(layout.text_begin, 2) != "42") {
    Napi::Error::New(env, "the layout does not fit the frame").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return ToBuffer(env, frame);
}

// reply(payload, namespace, id)
Napi::Value Reply(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string copy;
  std::string_view payload;
  if (!ReadBytes(info[0], &copy, &payload)) return ThrowType(env, "payload must be a Uint8Array");
  if (!info[1].IsString()) return ThrowType(env, "namespace must be a string");
  if (!info[2].IsNumber()) return ThrowType(env, "id must be a number");
  std::string out;
  FrameEncoder(info[1].As<Napi::String>().Utf8Value())
      .AppendReply(static_cast<uint64_t>(info[2].As<Napi::Number>().Int64Value()), payload, &out);
  return ToBuffer(env, out);
}

// evaluate(texts, filters, rounds): the filters of each round together, all rounds by one evaluator
Napi::Value Evaluate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray() || !info[1].IsArray() || !info[2].IsArray()) {
    return ThrowType(env, "texts, filters and rounds must be arrays");
  }
  RecordChunk records;
  const Napi::Array texts = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < texts.Length(); ++i) {
    std::string copy;
    std::string_view text;
    if (!ReadBytes(texts[i], &copy, &text)) return ThrowType(env, "a text must be a string or bytes");
    RecordView record;
    record.offset = i;
    record.value = text;
    records.Append(record);
  }
  records.Seal();

  FilterClasses registry;
  const auto format = registry.Format("/", MetadataStyle{}, 1024);
  std::vector<std::shared_ptr<const FilterClass>> all;
  const Napi::Array filters = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < filters.Length(); ++i) {
    const Napi::Value filter = filters[i];
    if (!filter.IsString()) return ThrowType(env, "a filter must be a string");
    auto compiled = Filter::Compile(filter.As<Napi::String>().Utf8Value(), FilterLimits{});
    if (!compiled.ok()) {
      Napi::Error::New(env, compiled.error().message).ThrowAsJavaScriptException();
      return env.Undefined();
    }
    all.push_back(registry.Class(std::move(compiled.value()), 0, 0, format));
  }

  Counters counters;
  Evaluator evaluator(&counters);
  const Napi::Array rounds = info[2].As<Napi::Array>();
  Napi::Array results = Napi::Array::New(env, rounds.Length());
  for (uint32_t r = 0; r < rounds.Length(); ++r) {
    const Napi::Array round = rounds.Get(r).As<Napi::Array>();
    std::vector<std::shared_ptr<const FilterClass>> classes;
    std::map<uint64_t, size_t> places;  // equal filters are one class
    std::vector<size_t> place_of;
    for (uint32_t i = 0; i < round.Length(); ++i) {
      const auto& filter_class = all.at(round.Get(i).As<Napi::Number>().Uint32Value());
      const auto [it, added] = places.try_emplace(filter_class->id, classes.size());
      if (added) classes.push_back(filter_class);
      place_of.push_back(it->second);
    }
    const auto found = evaluator.Evaluate(records, {"topic", 0}, classes, [](int64_t, const std::string&) {});
    Napi::Array result = Napi::Array::New(env, round.Length());
    for (uint32_t i = 0; i < round.Length(); ++i) {
      const Napi::HandleScope scope(env);
      Napi::Array matching = Napi::Array::New(env);
      for (const Matches::Match& match : found[place_of[i]]->matches) {
        matching[matching.Length()] = Napi::Number::New(env, static_cast<double>(match.offset));
      }
      result[i] = matching;
    }
    results[r] = result;
  }
  Napi::Object object = Napi::Object::New(env);
  object["rounds"] = results;
  object["evaluations"] = Napi::Number::New(env, static_cast<double>(counters.filter_evaluations.load()));
  object["tried"] = Napi::Number::New(env, static_cast<double>(counters.filters_tried.load()));
  return object;
}

}  // namespace

// Adds `stages` to the module's exports.
void InitStages(Napi::Env env, Napi::Object exports) {
  Napi::Object stages = Napi::Object::New(env);
  stages["scan"] = Napi::Function::New(env, ScanText, "scan");
  stages["pick"] = Napi::Function::New(env, Pick, "pick");
  stages["augment"] = Napi::Function::New(env, Augment, "augment");
  stages["cut"] = Napi::Function::New(env, Cut, "cut");
  stages["frame"] = Napi::Function::New(env, Frame, "frame");
  stages["reply"] = Napi::Function::New(env, Reply, "reply");
  stages["evaluate"] = Napi::Function::New(env, Evaluate, "evaluate");
  InitFilterStages(env, stages);
  exports["stages"] = stages;
}

}  // namespace kasocki
