// A payload as a frame, and the frame read as RFC 6455, section 5.2, says.
//
// Input: a byte (how often the payload is repeated, to get to the longer forms of a length), the namespace, a zero byte,
// the payload.
#include "encode/frame.h"
#include "fuzz/input.h"

namespace kasocki::fuzz {
namespace {

// The text of the one unmasked, unfragmented text frame that `bytes` is.
std::string_view TextOf(std::string_view bytes) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes.at(i)); };
  Require(byte(0) == 0x81, "a final text frame");
  Require((byte(1) & 0x80) == 0, "without a mask");
  uint64_t length = byte(1);
  size_t header = 2;
  if (length >= 126) {
    const size_t more = length == 126 ? 2 : 8;
    length = 0;
    for (size_t i = 0; i < more; ++i) length = length << 8 | byte(2 + i);
    header += more;
    Require(length >= (more == 2 ? 126u : 65536u), "a length takes the fewest bytes");
  }
  Require(bytes.size() == header + length, "the length is the length");
  return bytes.substr(header);
}

}  // namespace
}  // namespace kasocki::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kasocki;
  using namespace kasocki::fuzz;
  Input input(data, size);
  const size_t times = size_t{1} << (input.Byte() % 14);
  std::string name_space = "/" + std::string(input.Part());
  std::string_view unit = input.Rest();
  std::string payload;
  for (size_t i = 0; i < times && payload.size() < 200000; ++i) payload += unit;

  FrameEncoder encoder(name_space);
  std::string out = "before";
  const size_t begin = out.size();
  FrameLayout layout = encoder.Append(payload, &out);
  std::string_view frame = std::string_view(out).substr(begin);
  std::string expected = (name_space == "/" ? "42" : "42" + name_space + ",") + "[\"message\"," + payload + "]";
  Require(frame.size() == layout.frame_length, "the layout tells the frame's length");
  Require(TextOf(frame) == expected, "the frame holds the packet");
  Require(frame.substr(layout.text_begin) == expected, "the layout tells where the packet is");
  Require(frame.substr(layout.payload_begin, layout.payload_length) == payload, "and where the payload is");
  return 0;
}
