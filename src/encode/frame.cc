#include "encode/frame.h"

namespace kasocki {

namespace {

// The first byte of an unfragmented text frame (RFC 6455, section 5.2). A server's frames carry no mask.
constexpr char kFinalText = static_cast<char>(0x81);

// Packet types: engine.io's `message` and in it socket.io's `event`.
constexpr std::string_view kPacketTypes = "42";

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

FrameEncoder::FrameEncoder(std::string_view name_space) : head_(kPacketTypes) {
  if (!name_space.empty() && name_space != "/") head_.append(name_space).push_back(',');
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

}  // namespace kasocki
