// Matches: what one filter class gets out of one chunk of records, encoded.
#ifndef KASOCKI_ENGINE_MATCHES_H_
#define KASOCKI_ENGINE_MATCHES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "encode/frame.h"

namespace kasocki {

// Immutable once handed out; shared by all cursors of the class, read by the worker and the main thread.
struct Matches {
  struct Match {
    int64_t offset;
    size_t begin;  // of the frame in `frames`
    FrameLayout frame;
    size_t bytes_before;  // of all earlier matches' frames
  };

  // The frames of all classes of one format lie in one block, each frame once.
  std::shared_ptr<const std::string> frames;
  std::vector<Match> matches;  // by offset
  // The last record that the filter took too many steps for, which is therefore none of the matches; -1: there is none.
  int64_t last_over_budget = -1;

  size_t size() const { return matches.size(); }
  size_t total_bytes() const {
    return matches.empty() ? 0 : matches.back().bytes_before + matches.back().frame.frame_length;
  }
  void Add(int64_t offset, size_t begin, const FrameLayout& frame) {
    matches.push_back({offset, begin, frame, total_bytes()});
  }

  // Index of the first match at or after an offset.
  size_t LowerBound(int64_t offset) const {
    auto it = std::lower_bound(matches.begin(), matches.end(), offset,
                               [](const Match& match, int64_t wanted) { return match.offset < wanted; });
    return static_cast<size_t>(it - matches.begin());
  }
  // Bytes of the frames of the matches [first, last).
  size_t BytesBetween(size_t first, size_t last) const {
    return (last == size() ? total_bytes() : matches[last].bytes_before) -
           (first == size() ? total_bytes() : matches[first].bytes_before);
  }
  // The largest `last` such that [first, last) has at most `room` bytes.
  size_t Fitting(size_t first, size_t room) const;

  std::string_view Frame(const Match& match) const {
    return std::string_view(*frames).substr(match.begin, match.frame.frame_length);
  }
  // The socket.io packet text, `2["message",...]`: what engine.io's `4` precedes.
  std::string_view Packet(const Match& match) const { return Frame(match).substr(match.frame.text_begin + 1); }
  std::string_view Payload(const Match& match) const {
    return Frame(match).substr(match.frame.payload_begin, match.frame.payload_length);
  }
};

inline size_t Matches::Fitting(size_t first, size_t room) const {
  if (first == size()) return first;
  size_t limit = matches[first].bytes_before + room;
  auto it = std::partition_point(
      matches.begin() + static_cast<ptrdiff_t>(first), matches.end(),
      [limit](const Match& match) { return match.bytes_before + match.frame.frame_length <= limit; });
  return static_cast<size_t>(it - matches.begin());
}

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_MATCHES_H_
