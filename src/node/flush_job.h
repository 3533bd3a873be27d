// FlushJob: a Producer's Flush in the thread pool, as a Promise.
#ifndef KASOCKI_NODE_FLUSH_JOB_H_
#define KASOCKI_NODE_FLUSH_JOB_H_

#include <napi.h>

#include <memory>

#include "kafka/producer.h"

namespace kasocki {

// Starts to flush; gives a Promise that resolves when everything produced was acknowledged, and rejects if that takes
// longer than `timeout_ms` or a record could not be delivered. Main thread of the environment.
napi_value StartFlush(napi_env env, std::shared_ptr<Producer> producer, int timeout_ms);

}  // namespace kasocki

#endif  // KASOCKI_NODE_FLUSH_JOB_H_
