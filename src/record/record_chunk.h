// RecordChunk: records of one partition, copied into memory of our own.
//
// A fetched rd_kafka_message_t pins its whole fetch response, so nothing of it is kept: the bytes of a run of records
// are laid one after the other into one buffer, with the padding that the JSON scanner reads behind the last of them.
#ifndef KASOCKI_RECORD_RECORD_CHUNK_H_
#define KASOCKI_RECORD_RECORD_CHUNK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/record.h"

namespace kasocki {

// Filled by one thread, then sealed; from then on immutable and readable by all.
class RecordChunk {
 public:
  // What the last chunk of this scan held, to grow only once.
  explicit RecordChunk(size_t expected_bytes = 0, size_t expected_records = 0) {
    bytes_.reserve(expected_bytes);
    entries_.reserve(expected_records);
  }
  RecordChunk(const RecordChunk&) = delete;
  RecordChunk& operator=(const RecordChunk&) = delete;

  void Append(const RecordView& record);
  void Seal();

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  size_t memory() const { return bytes_.capacity() + entries_.capacity() * sizeof(Entry) + sizeof(*this); }
  size_t data_bytes() const { return bytes_.size(); }

  int64_t offset(size_t i) const { return entries_[i].offset; }
  // The first offset from `offset` on whose record is of that time (ms since 1970) or later; -1: there is none.
  int64_t FindTime(int64_t offset, int64_t time) const;
  // Without a copy; kPadding bytes behind it are readable.
  std::optional<std::string_view> value(size_t i) const { return Slice(entries_[i].value); }
  // Of the last record; there must be one.
  int32_t last_leader_epoch() const { return entries_.back().leader_epoch; }
  int64_t last_timestamp() const { return entries_.back().timestamp; }
  // All parts; the headers are unpacked.
  RecordView record(size_t i) const;

 private:
  struct Range {
    uint32_t begin = 0;
    int32_t length = -1;  // -1: null
  };
  struct Entry {
    int64_t offset;
    int64_t timestamp;
    int32_t leader_epoch;
    Range value;
    Range key;
    uint32_t headers_begin;
    uint32_t header_count;
  };

  Range Store(const std::optional<std::string_view>& bytes);
  std::optional<std::string_view> Slice(Range range) const;

  std::vector<Entry> entries_;
  int64_t newest_ = -1;  // the latest timestamp
  std::vector<std::pair<Range, Range>> headers_;
  std::string bytes_;
};

}  // namespace kasocki

#endif  // KASOCKI_RECORD_RECORD_CHUNK_H_
