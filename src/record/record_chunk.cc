#include "record/record_chunk.h"

#include <algorithm>

#include "common/padding.h"

namespace kasocki {

RecordChunk::Range RecordChunk::Store(const std::optional<std::string_view>& bytes) {
  if (!bytes) return {};
  Range range{static_cast<uint32_t>(bytes_.size()), static_cast<int32_t>(bytes->size())};
  bytes_.append(*bytes);
  return range;
}

std::optional<std::string_view> RecordChunk::Slice(Range range) const {
  if (range.length < 0) return std::nullopt;
  return std::string_view(bytes_).substr(range.begin, static_cast<size_t>(range.length));
}

void RecordChunk::Append(const RecordView& record) {
  Entry entry{};
  entry.offset = record.offset;
  entry.timestamp = record.timestamp;
  entry.leader_epoch = record.leader_epoch;
  entry.value = Store(record.value);
  entry.key = Store(record.key);
  entry.headers_begin = static_cast<uint32_t>(headers_.size());
  entry.header_count = static_cast<uint32_t>(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    Range stored_name = Store(name);
    headers_.emplace_back(stored_name, Store(value));
  }
  entries_.push_back(entry);
  newest_ = std::max(newest_, record.timestamp);
}

int64_t RecordChunk::FindTime(int64_t offset, int64_t time) const {
  if (newest_ < time) return -1;
  auto it = std::find_if(entries_.begin(), entries_.end(),
                         [&](const Entry& entry) { return entry.offset >= offset && entry.timestamp >= time; });
  return it == entries_.end() ? -1 : it->offset;
}

void RecordChunk::Seal() { bytes_.append(kPadding, '\0'); }

RecordView RecordChunk::record(size_t i) const {
  const Entry& entry = entries_[i];
  RecordView view;
  view.offset = entry.offset;
  view.timestamp = entry.timestamp;
  view.leader_epoch = entry.leader_epoch;
  view.value = Slice(entry.value);
  view.key = Slice(entry.key);
  view.headers.reserve(entry.header_count);
  for (uint32_t h = 0; h < entry.header_count; ++h) {
    const auto& [name, value] = headers_[entry.headers_begin + h];
    view.headers.emplace_back(*Slice(name), Slice(value));
  }
  return view;
}

}  // namespace kasocki
