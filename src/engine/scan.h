// Scan: one moving read position on one partition, with the records just read.
//
// Its buffer is an interval of offsets [from, to) that it covers, not a list of records: control records, aborted
// transactions and compaction leave offsets without records, so `to` is what the reader says, never the last record
// + 1. A cursor inside the interval can ride the scan. Used by the worker alone.
#ifndef KASOCKI_ENGINE_SCAN_H_
#define KASOCKI_ENGINE_SCAN_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/chunk_results.h"
#include "engine/counters.h"
#include "engine/cursor.h"
#include "engine/matches.h"
#include "engine/session.h"
#include "kafka/log_reader.h"
#include "record/record_chunk.h"

namespace kasocki {

// Messages as JSON texts, made once a chunk: by a JavaScript deserializer, or for a JavaScript matcher.
struct MessageTexts {
  std::vector<int64_t> offsets;
  std::vector<std::string> texts;
};

// A chunk of records, and what has been found in it so far.
struct ScanChunk {
  int64_t from = 0;
  int64_t to = 0;
  std::shared_ptr<const RecordChunk> records;
  bool skips_counted = false;  // its invalid records have been counted and reported

  const std::shared_ptr<const Matches>* Find(const FilterClass& filter_class) const {
    return results.Find(filter_class.id);
  }
  ChunkResults results;
  // By decoder's id; null: JavaScript is working on it.
  std::map<FunctionId, std::shared_ptr<const MessageTexts>> decoded;
};

class Scan {
 public:
  // Covers [from, from) at first.
  Scan(std::unique_ptr<LogReader> reader, int64_t from, Counters* counters);
  ~Scan();
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  // Takes in what has arrived, at most `max_records`.
  ReadOutcome Read(size_t max_records);

  int64_t from() const { return from_; }
  int64_t to() const { return to_; }
  bool at_end() const { return at_end_; }
  // Something has arrived: records or the news that there are none. Before that nobody changes over to this scan.
  bool established() const { return established_; }
  bool Covers(int64_t position) const { return from_ <= position && position <= to_; }
  size_t memory() const { return memory_; }
  int64_t known_end() const { return reader_->KnownEnd(); }

  // The first chunk that reaches beyond `position`, from() <= position < to(); null: there is no record up to to().
  const std::shared_ptr<ScanChunk>* ChunkAt(int64_t position) const;

  // Drops the oldest chunks that lie wholly below `position`, while `bytes` or more are held.
  void DropBelow(int64_t position, size_t bytes);
  // Drops the oldest chunks while more than `bytes` are held.
  void DropTo(size_t bytes);
  // Puts what another scan holds up to from() in front of this one's interval. Nothing may have been dropped here yet.
  void Inherit(const Scan& predecessor);
  // Somebody is about to look into this chunk, one of this scan's: there will be something to forget.
  void ExpectResults(const ScanChunk& chunk) {
    results_forgotten_below_ = std::min(results_forgotten_below_, chunk.from);
  }
  // Forgets what was found in chunks that lie wholly below `position`; their records stay.
  void ForgetResultsBelow(int64_t position);

  // Those who go with the scan.
  CursorList riding;
  // Those inside the interval who do not move: out of credit, or not started yet. It waits for them a little.
  CursorList stalled;

 private:
  void Add(std::shared_ptr<RecordChunk> records, int64_t to);
  void DropFront();

  std::unique_ptr<LogReader> reader_;
  Counters* const counters_;
  int64_t from_;
  int64_t to_;
  bool at_end_ = false;
  bool established_ = false;
  std::deque<std::shared_ptr<ScanChunk>> chunks_;
  size_t memory_ = 0;
  size_t last_chunk_bytes_ = 0;
  size_t last_chunk_records_ = 0;
  size_t record_bytes_ = 0;  // on average in the last chunk
  int64_t results_forgotten_below_ = 0;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_SCAN_H_
