// Batches: what was taken from a session, as JavaScript gets it.
#ifndef KASOCKI_NODE_BATCH_H_
#define KASOCKI_NODE_BATCH_H_

#include <napi.h>

#include <cstdint>
#include <vector>

#include "encode/frame.h"
#include "engine/session.h"

namespace kasocki {

// What a batch is made of; lib/native.d.ts describes the forms.
enum class BatchForm { kFrames, kPackets, kPayloads };

// `{ count, bytes, data }` of segments that hold at least one match. The bytes are copied. Main thread.
Napi::Object ToJsBatch(Napi::Env env, BatchForm form, const std::vector<Segment>& segments);

// The same as frames of the acks to the packets with these ids: at least as many as there are matches.
Napi::Object ToJsReplies(Napi::Env env, const FrameEncoder& encoder, const std::vector<uint64_t>& ids,
                         const std::vector<Segment>& segments);

}  // namespace kasocki

#endif  // KASOCKI_NODE_BATCH_H_
