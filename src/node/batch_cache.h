// BatchCache: sockets that get the same messages share one Buffer, or one array of strings.
#ifndef KASOCKI_NODE_BATCH_CACHE_H_
#define KASOCKI_NODE_BATCH_CACHE_H_

#include <napi.h>

#include <deque>
#include <vector>

#include "engine/session.h"
#include "node/batch.h"

namespace kasocki {

// The main thread's alone.
class BatchCache {
 public:
  // `{ count, bytes, data }` of segments that hold at least one match.
  Napi::Value Batch(Napi::Env env, BatchForm form, std::vector<Segment> segments);

  // Forgets all. To be called at the start of each pass over the sockets: batches made in earlier ones are not asked
  // for again.
  void Clear() { entries_.clear(); }

 private:
  struct Entry {
    BatchForm form;
    std::vector<Segment> segments;
    Napi::ObjectReference batch;
  };
  std::deque<Entry> entries_;
};

}  // namespace kasocki

#endif  // KASOCKI_NODE_BATCH_CACHE_H_
