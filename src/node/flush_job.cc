// An environment that ends (process.exit, worker.terminate) waits for what runs in the thread pool. So a flush runs
// there in short slices, and between two of them looks whether JavaScript may still be called: if not, nobody waits any
// more.
//
// Plain Node-API: at that moment its calls fail, which must be nobody's problem, and the C++ wrapper would end the
// process.
#include "node/flush_job.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kasocki {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int64_t kSliceMs = 50;

class FlushJob {
 public:
  FlushJob(std::shared_ptr<Producer> producer, napi_deferred deferred, int timeout_ms)
      : producer_(std::move(producer)),
        deferred_(deferred),
        deadline_(Clock::now() + std::chrono::milliseconds(timeout_ms)) {}

  // Queues one slice. The job deletes itself when it is done.
  void Queue(napi_env env) {
    napi_value name = nullptr;
    napi_create_string_latin1(env, "kasocki:flush", NAPI_AUTO_LENGTH, &name);
    if (napi_create_async_work(env, nullptr, name, &FlushJob::Execute, &FlushJob::Complete, this, &work_) != napi_ok ||
        napi_queue_async_work(env, work_) != napi_ok) {
      Finish(env);
    }
  }

 private:
  static void Execute(napi_env, void* data) {
    auto* job = static_cast<FlushJob*>(data);
    int64_t left = std::chrono::duration_cast<std::chrono::milliseconds>(job->deadline_ - Clock::now()).count();
    job->result_ = job->producer_->Flush(static_cast<int>(std::clamp<int64_t>(left, 0, kSliceMs)));
    job->over_ = job->result_.ok() || job->result_.error().code != "_TIMED_OUT" || left <= kSliceMs;
  }

  static void Complete(napi_env env, napi_status status, void* data) {
    auto* job = static_cast<FlushJob*>(data);
    napi_delete_async_work(env, std::exchange(job->work_, nullptr));
    if (status == napi_ok && !job->over_ && MayCallJs(env)) {
      job->Queue(env);
    } else {
      job->Finish(env);
    }
  }

  // A harmless call of those that are refused once the environment ends.
  static bool MayCallJs(napi_env env) {
    napi_value global = nullptr;
    bool found = false;
    return napi_get_global(env, &global) == napi_ok &&
           napi_has_named_property(env, global, "Object", &found) == napi_ok;
  }

  void Finish(napi_env env) {
    napi_value value = nullptr;
    if (result_.ok()) {
      napi_get_undefined(env, &value);
      napi_resolve_deferred(env, deferred_, value);
    } else {
      const Error& error = result_.error();
      napi_value code = nullptr;
      napi_value message = nullptr;
      napi_create_string_utf8(env, error.code.data(), error.code.size(), &code);
      napi_create_string_utf8(env, error.message.data(), error.message.size(), &message);
      napi_create_error(env, code, message, &value);
      napi_reject_deferred(env, deferred_, value);
    }
    if (work_ != nullptr) napi_delete_async_work(env, work_);
    delete this;
  }

  const std::shared_ptr<Producer> producer_;
  const napi_deferred deferred_;
  const Clock::time_point deadline_;
  napi_async_work work_ = nullptr;
  Result<bool> result_ = Error{ErrorKind::kClosed, "The flush could not be started", ""};
  bool over_ = false;
};

}  // namespace

napi_value StartFlush(napi_env env, std::shared_ptr<Producer> producer, int timeout_ms) {
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  if (napi_create_promise(env, &deferred, &promise) != napi_ok) return nullptr;
  auto* job = new FlushJob(std::move(producer), deferred, timeout_ms);
  job->Queue(env);
  return promise;
}

}  // namespace kasocki
