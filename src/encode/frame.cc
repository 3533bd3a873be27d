#include "encode/frame.h"

#include <charconv>

namespace kasocki {

namespace {

// The first byte of an unfragmented text frame (RFC 6455, section 5.2). A server's frames carry no mask.
constexpr char kFinalText = static_cast<char>(0x81);

// Packet types: engine.io's `message` and in it socket.io's `event` or `ack`.
constexpr std::string_view kEvent = "42";
constexpr std::string_view kAck = "43";

// What stands between an ack's id and its payload.
constexpr std::string_view kNoError = "[null,";

constexpr size_t kLongestId = 20;

void AppendBigEndian(uint64_t number, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out->push_back(static_cast<char>(number >> shift));
}

void AppendHeader(uint64_t text_length, std::string* out) {
  out->push_back(kFinalText);
  if (text_length < 126) {
    out->push_back(static_cast<char>(text_length));
  } else if (text_length <= 0xFFFF) {
    out->push_back(126);
    AppendBigEndian(text_length, 2, out);
  } else {
    out->push_back(127);
    AppendBigEndian(text_length, 8, out);
  }
}

}  // namespace

FrameEncoder::FrameEncoder(std::string_view name_space) : head_(kEvent), reply_head_(kAck) {
  if (!name_space.empty() && name_space != "/") {
    head_.append(name_space).push_back(',');
    reply_head_.append(name_space).push_back(',');
  }
  head_.append("[\"message\",");
}

FrameLayout FrameEncoder::Append(std::string_view payload, std::string* out) const {
  const size_t start = out->size();
  AppendHeader(head_.size() + payload.size() + 1, out);
  FrameLayout layout;
  layout.text_begin = static_cast<uint32_t>(out->size() - start);
  out->append(head_);
  layout.payload_begin = static_cast<uint32_t>(out->size() - start);
  layout.payload_length = static_cast<uint32_t>(payload.size());
  out->append(payload);
  out->push_back(']');
  layout.frame_length = static_cast<uint32_t>(out->size() - start);
  return layout;
}

void FrameEncoder::AppendReply(uint64_t id, std::string_view payload, std::string* out) const {
  char digits[kLongestId];
  const std::string_view number(digits,
                                static_cast<size_t>(std::to_chars(digits, digits + kLongestId, id).ptr - digits));
  AppendHeader(reply_head_.size() + number.size() + kNoError.size() + payload.size() + 1, out);
  out->append(reply_head_).append(number).append(kNoError).append(payload).push_back(']');
}

}  // namespace kasocki
