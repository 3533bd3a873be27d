#include "node/matcher.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/padding.h"
#include "filter/filter.h"
#include "json/scanner.h"
#include "node/convert.h"

namespace kasocki {

namespace {

// The text of a JavaScript string as UTF-8, lone surrogates as U+FFFD, with room behind it for the scanner to read.
std::string PaddedText(Napi::Env env, Napi::Value value) {
  size_t length = 0;
  napi_get_value_string_utf8(env, value, nullptr, 0, &length);
  std::string text;
  text.reserve(length + kPadding);
  text.resize(length);
  napi_get_value_string_utf8(env, value, text.data(), length + 1, &length);
  return text;
}

std::string PaddedBytes(Napi::Uint8Array bytes) {
  std::string text;
  text.reserve(bytes.ByteLength() + kPadding);
  // An empty array's data may be a null pointer.
  if (bytes.ByteLength() > 0) text.assign(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  return text;
}

bool IsUint8Array(Napi::Value value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
}

class NativeMatcher : public Napi::ObjectWrap<NativeMatcher> {
 public:
  explicit NativeMatcher(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeMatcher>(info) {
    if (!info[0].IsString()) {
      Napi::TypeError::New(info.Env(), "NativeMatcher(filter: string, limits?)").ThrowAsJavaScriptException();
      return;
    }
    auto filter = Filter::Compile(PaddedText(info.Env(), info[0]), ToFilterLimits(info[1]));
    if (!filter.ok()) {
      Napi::Error error = Napi::Error::New(info.Env(), filter.error().message);
      Napi::Object details = ToJsError(info.Env(), filter.error());
      for (const char* name : {"kind", "position", "item"}) error.Set(name, details.Get(name));
      error.ThrowAsJavaScriptException();
      return;
    }
    filter_ = std::move(filter.value());
    for (const JsonPath& path : filter_->paths()) ids_.push_back(paths_.Add(path));
    AccountFor(kOwnBytes);
  }

  ~NativeMatcher() override {
    if (filter_) AccountFor(-kOwnBytes);
  }

  Napi::Value Matches(const Napi::CallbackInfo& info) {
    std::string text;
    if (info[0].IsString()) {
      text = PaddedText(info.Env(), info[0]);
    } else if (IsUint8Array(info[0])) {
      text = PaddedBytes(info[0].As<Napi::Uint8Array>());
    } else {
      Napi::TypeError::New(info.Env(), "matches(message: string | Uint8Array)").ThrowAsJavaScriptException();
      return info.Env().Undefined();
    }
    const JsonVerdict verdict = scanner_.Scan(text, &paths_);
    const bool is_message = verdict == JsonVerdict::kObject || verdict == JsonVerdict::kArray;
    return Napi::Boolean::New(info.Env(), is_message && filter_->Matches(scanner_, scanner_.values(), ids_, &run_));
  }

 private:
  // About what a small filter and its scanner hold. V8 must know of it, or it sees no reason to collect a matcher.
  static constexpr int64_t kOwnBytes = 16384;

  // The plain call: the wrapper's ends the process where it fails, as it does while a worker thread is being
  // terminated.
  void AccountFor(int64_t bytes) {
    int64_t total = 0;
    napi_adjust_external_memory(Env(), bytes, &total);
  }

  std::shared_ptr<const Filter> filter_;
  PathSet paths_;
  std::vector<size_t> ids_;  // of filter_->paths() in paths_
  JsonScanner scanner_;
  FilterRun run_;
};

}  // namespace

void InitMatcher(Napi::Env env, Napi::Object exports) {
  exports.Set("NativeMatcher",
              NativeMatcher::DefineClass(env, "NativeMatcher",
                                         {NativeMatcher::InstanceMethod("matches", &NativeMatcher::Matches)}));
}

}  // namespace kasocki
