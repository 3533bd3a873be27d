#include "engine/scan.h"

#include <algorithm>

namespace kasocki {
namespace {

constexpr size_t kChunkBytes = 256 * 1024;
// Where the last one told nothing: behind the record that makes a chunk so large, another one begins. So no chunk
// outgrows its 32-bit places, and none takes long to judge, whatever a compressed batch unfolds to.
constexpr size_t kMostChunkBytes = 1 << 20;

}  // namespace

Scan::Scan(std::unique_ptr<LogReader> reader, int64_t from, Counters* counters)
    : reader_(std::move(reader)), counters_(counters), from_(from), to_(from) {}

Scan::~Scan() { counters_->buffer_bytes -= memory_; }

ReadOutcome Scan::Read(size_t max_records) {
  // Chunks are bounded in bytes as well, as far as the last one tells how large records are here.
  if (record_bytes_ > 0) max_records = std::clamp<size_t>(kChunkBytes / record_bytes_, 1, max_records);
  const auto new_chunk = [this] {
    return std::make_shared<RecordChunk>(std::min(last_chunk_bytes_, kMostChunkBytes), last_chunk_records_);
  };
  auto records = new_chunk();
  uint64_t value_bytes = 0;
  ReadOutcome outcome = reader_->Read(max_records, [&](const RecordView& record) {
    // After a re-start a reader may hand over what lies before the offset asked for (a compressed batch's beginning).
    if (record.offset < to_) return;
    records->Append(record);
    value_bytes += record.value ? record.value->size() : 0;
    if (records->data_bytes() >= kMostChunkBytes) Add(std::exchange(records, new_chunk()), record.offset + 1);
  });
  counters_->bytes_read += value_bytes;
  const int64_t position = std::max(outcome.position, to_);
  established_ = established_ || outcome.records > 0 || outcome.at_end || position > to_;
  if (!records->empty()) {
    Add(std::move(records), position);
  } else if (position > to_ && !chunks_.empty()) {
    // Offsets without records belong to the chunk before them.
    chunks_.back()->to = position;
  }
  to_ = std::max(position, to_);
  at_end_ = outcome.at_end;
  return outcome;
}

// At least one record, all that came behind the last chunk. Nothing else lies below `to`.
void Scan::Add(std::shared_ptr<RecordChunk> records, int64_t to) {
  last_chunk_bytes_ = records->data_bytes();
  last_chunk_records_ = records->size();
  record_bytes_ = records->data_bytes() / records->size();
  records->Seal();
  memory_ += records->memory();
  counters_->buffer_bytes += records->memory();
  counters_->records_read += records->size();
  auto chunk = std::make_shared<ScanChunk>();
  chunk->from = to_;
  chunk->to = to_ = std::max(to, records->offset(records->size() - 1) + 1);
  chunk->records = std::move(records);
  chunks_.push_back(std::move(chunk));
}

const std::shared_ptr<ScanChunk>* Scan::ChunkAt(int64_t position) const {
  if (chunks_.empty() || chunks_.back()->to <= position) return nullptr;
  if (chunks_.back()->from <= position) return &chunks_.back();  // most cursors are at the newest
  return &*std::partition_point(chunks_.begin(), chunks_.end(),
                                [position](const auto& chunk) { return chunk->to <= position; });
}

void Scan::DropFront() {
  size_t bytes = chunks_.front()->records->memory();
  memory_ -= bytes;
  counters_->buffer_bytes -= bytes;
  from_ = chunks_.front()->to;
  chunks_.pop_front();
}

void Scan::DropBelow(int64_t position, size_t bytes) {
  while (!chunks_.empty() && memory_ >= bytes && chunks_.front()->to <= position) DropFront();
}

void Scan::DropTo(size_t bytes) {
  while (!chunks_.empty() && memory_ > bytes) DropFront();
}

void Scan::Inherit(const Scan& predecessor) {
  for (auto it = predecessor.chunks_.rbegin(); it != predecessor.chunks_.rend(); ++it) {
    if ((*it)->to > from_) continue;
    chunks_.push_front(*it);
    from_ = (*it)->from;
    memory_ += (*it)->records->memory();
    counters_->buffer_bytes += (*it)->records->memory();
  }
}

void Scan::ForgetResultsBelow(int64_t position) {
  if (position <= results_forgotten_below_) return;
  for (auto it = chunks_.rbegin(); it != chunks_.rend(); ++it) {
    const ScanChunk& chunk = **it;
    if (chunk.to > position) continue;
    if (chunk.to <= results_forgotten_below_) break;
    (*it)->results.clear();
    (*it)->decoded.clear();
  }
  results_forgotten_below_ = position;
}

}  // namespace kasocki
