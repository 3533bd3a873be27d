#include "node/batch.h"

#include <cstring>
#include <string>

#include "node/convert.h"

namespace kasocki {
namespace {

// What an ack's frame has beside the payload, at most: header, types, id, brackets. (A namespace comes on top.)
constexpr size_t kReplyOverhead = 48;

size_t CountOf(const std::vector<Segment>& segments) {
  size_t count = 0;
  for (const Segment& segment : segments) count += segment.last - segment.first;
  return count;
}

size_t BytesOf(const std::vector<Segment>& segments) {
  size_t bytes = 0;
  for (const Segment& segment : segments) bytes += segment.matches->BytesBetween(segment.first, segment.last);
  return bytes;
}

Napi::Value FramesOf(Napi::Env env, const std::vector<Segment>& segments, size_t bytes) {
  Napi::Buffer<char> buffer = Napi::Buffer<char>::New(env, bytes);
  if (buffer.IsEmpty()) return buffer;  // a thread that is being terminated gets none
  char* out = buffer.Data();
  for (const Segment& segment : segments) {
    const Matches& matches = *segment.matches;
    for (size_t i = segment.first; i < segment.last;) {
      // Frames that lie side by side are copied together: without a filter that is all of them.
      size_t begin = matches.matches[i].begin;
      size_t end = begin + matches.matches[i].frame.frame_length;
      for (++i; i < segment.last && matches.matches[i].begin == end; ++i) end += matches.matches[i].frame.frame_length;
      std::memcpy(out, matches.frames->data() + begin, end - begin);
      out += end - begin;
    }
  }
  return buffer;
}

Napi::Value TextsOf(Napi::Env env, BatchForm form, const std::vector<Segment>& segments, size_t count) {
  Napi::Array array = Napi::Array::New(env, count);
  uint32_t index = 0;
  for (const Segment& segment : segments) {
    const Matches& matches = *segment.matches;
    for (size_t i = segment.first; i < segment.last; ++i) {
      Napi::HandleScope scope(env);
      const Matches::Match& match = matches.matches[i];
      array.Set(index++, ToJsString(env, form == BatchForm::kPackets ? matches.Packet(match) : matches.Payload(match)));
    }
  }
  return array;
}

Napi::Object Batch(Napi::Env env, size_t count, size_t bytes, Napi::Value data) {
  Napi::Object batch = Napi::Object::New(env);
  batch.Set("count", static_cast<double>(count));
  batch.Set("bytes", static_cast<double>(bytes));
  batch.Set("data", data);
  return batch;
}

}  // namespace

Napi::Object ToJsBatch(Napi::Env env, BatchForm form, const std::vector<Segment>& segments) {
  size_t count = CountOf(segments);
  size_t bytes = BytesOf(segments);
  return Batch(env, count, bytes,
               form == BatchForm::kFrames ? FramesOf(env, segments, bytes) : TextsOf(env, form, segments, count));
}

Napi::Object ToJsReplies(Napi::Env env, const FrameEncoder& encoder, const std::vector<uint64_t>& ids,
                         const std::vector<Segment>& segments) {
  size_t count = CountOf(segments);
  std::string frames;
  frames.reserve(BytesOf(segments) + count * kReplyOverhead);
  auto id = ids.begin();
  for (const Segment& segment : segments) {
    for (size_t i = segment.first; i < segment.last; ++i) {
      encoder.AppendReply(*id++, segment.matches->Payload(segment.matches->matches[i]), &frames);
    }
  }
  return Batch(env, count, frames.size(), Napi::Buffer<char>::Copy(env, frames.data(), frames.size()));
}

}  // namespace kasocki
