// RecordView: one Kafka record as its parts, wherever its bytes live.
#ifndef KASOCKI_RECORD_RECORD_H_
#define KASOCKI_RECORD_RECORD_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace kasocki {

using HeaderView = std::pair<std::string_view, std::optional<std::string_view>>;  // name; value, absent when null

// Views only: valid as long as what they point into (a fetched message, a RecordChunk).
struct RecordView {
  int64_t offset = 0;
  int64_t timestamp = -1;  // milliseconds since 1970, -1 when the record has none
  int32_t leader_epoch = -1;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // absent: a tombstone
  std::vector<HeaderView> headers;        // in the record's order, names may repeat
};

}  // namespace kasocki

#endif  // KASOCKI_RECORD_RECORD_H_
