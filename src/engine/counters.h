// Counters of one hub: written by its worker, read by anyone, from any thread.
#ifndef KASOCKI_ENGINE_COUNTERS_H_
#define KASOCKI_ENGINE_COUNTERS_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace kasocki {

// How many records the last cursor of a partition that wants records is behind the end of its log.
struct PartitionLag {
  std::string topic;
  int32_t partition = 0;
  int64_t lag = 0;
};

// The lags as last measured, of partitions that somebody reads.
class PartitionLags {
 public:
  void Set(std::vector<PartitionLag> lags) {
    std::lock_guard lock(mutex_);
    lags_.swap(lags);
  }
  std::vector<PartitionLag> Get() const {
    std::lock_guard lock(mutex_);
    return lags_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<PartitionLag> lags_;
};

// Totals since the hub began, unless called a gauge.
struct Counters {
  std::atomic<uint64_t> records_read{0};         // handed over by librdkafka
  std::atomic<uint64_t> bytes_read{0};           // their values
  std::atomic<uint64_t> records_parsed{0};       // scans of a record's text
  std::atomic<uint64_t> filter_evaluations{0};   // verdicts of one filter on one record
  std::atomic<uint64_t> filters_tried{0};        // of these, what the index could not tell at once
  std::atomic<uint64_t> filters_over_budget{0};  // verdicts that would have taken too many steps
  std::atomic<uint64_t> records_matched{0};      // by one filter class
  std::atomic<uint64_t> records_encoded{0};      // frames made
  std::atomic<uint64_t> records_skipped{0};      // not valid JSON, or neither object nor array
  std::atomic<uint64_t> slow_chunks{0};          // of records, given to a thread of their own for one slow filter
  std::atomic<uint64_t> sessions{0};             // gauge
  std::atomic<uint64_t> cursors{0};              // gauge
  std::atomic<uint64_t> partitions{0};           // gauge: with cursors or a lingering scan
  std::atomic<uint64_t> tail_scans{0};           // gauge
  std::atomic<uint64_t> catch_up_scans{0};       // gauge
  std::atomic<uint64_t> buffer_bytes{0};         // gauge: record bytes held by scans
  std::atomic<int64_t> max_lag{-1};              // gauge: records that the last active cursor is behind, -1: unknown
  PartitionLags lags;                            // gauge
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_COUNTERS_H_
