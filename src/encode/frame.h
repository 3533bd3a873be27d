// One message as one WebSocket frame of a socket.io `message` packet, or of an ack, ready for the wire.
//
// A frame holds everything a slower path needs, too: the engine.io and socket.io packet text and the JSON payload are
// parts of it.
#ifndef KASOCKI_ENCODE_FRAME_H_
#define KASOCKI_ENCODE_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kasocki {

// Where the parts of a frame lie, from the frame's first byte:
//   [websocket header]42/namespace,["message",PAYLOAD]
struct FrameLayout {
  uint32_t frame_length = 0;    // all of it
  uint32_t text_begin = 0;      // the engine.io packet text: `42...` up to the frame's end
  uint32_t payload_begin = 0;   // the JSON payload
  uint32_t payload_length = 0;  // behind it stands `]` alone
};

// Encodes for one socket.io namespace ("/" is the default one, which packets do not name). Immutable; thread-safe.
class FrameEncoder {
 public:
  explicit FrameEncoder(std::string_view name_space);

  // Appends the frame of one JSON payload. The payload must be one valid JSON value in valid UTF-8 (of a size under 4
  // GiB).
  FrameLayout Append(std::string_view payload, std::string* out) const;

  // Appends the frame of the ack to the packet with this id: `43/namespace,ID[null,PAYLOAD]`.
  void AppendReply(uint64_t id, std::string_view payload, std::string* out) const;

 private:
  std::string head_;        // `42["message",` or `42/chat,["message",`
  std::string reply_head_;  // `43` or `43/chat,`
};

}  // namespace kasocki

#endif  // KASOCKI_ENCODE_FRAME_H_
