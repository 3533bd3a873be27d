#include "node/batch_cache.h"

#include <utility>

namespace kasocki {
namespace {

// Sockets in different states at once: more than a few are rare, and looking through them must stay cheap.
constexpr size_t kMaxEntries = 16;

}  // namespace

Napi::Value BatchCache::Batch(Napi::Env env, BatchForm form, std::vector<Segment> segments) {
  for (const Entry& entry : entries_) {
    if (entry.form == form && entry.segments == segments) return entry.batch.Value();
  }
  Napi::Object batch = ToJsBatch(env, form, segments);
  if (entries_.size() == kMaxEntries) entries_.pop_front();
  entries_.push_back({form, std::move(segments), Napi::Persistent(batch)});
  return batch;
}

}  // namespace kasocki
