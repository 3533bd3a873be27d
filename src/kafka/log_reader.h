// LogReader: reads one topic-partition from an offset on, without ever blocking.
//
// The engine knows Kafka's log through this interface alone; kafka/client.h implements it on librdkafka, the core's
// tests implement it on a vector.
#ifndef KASOCKI_KAFKA_LOG_READER_H_
#define KASOCKI_KAFKA_LOG_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "common/result.h"
#include "record/record.h"

namespace kasocki {

// Receives records while Read() runs. The views are valid during the call alone.
using RecordSink = std::function<void(const RecordView&)>;

struct ReadOutcome {
  size_t records = 0;  // handed to the sink by this call
  // Everything below this offset has been handed over or holds no record (control records, aborted transactions,
  // compaction). Equal to the start offset until something has arrived.
  int64_t position = 0;
  bool at_end = false;  // the end of the partition was reached at `position` and nothing has come since
  // The next offset is not in the log; the reader is dead. Ask for the log's ends before deciding where to go on: the
  // log may have moved on meanwhile, even so that the offset is in it.
  bool out_of_range = false;
  std::optional<Error> error;  // a lasting error of this partition (authorization, deleted topic); the reader is dead
};

// Used by one thread. Destruction stops the reading and gives its buffers back.
class LogReader {
 public:
  virtual ~LogReader() = default;

  // Hands over what has arrived, at most `max_records`, in order. If it gave that many there may be more, and no wake
  // will come for them: read again when there is room. Transient errors (a broker away) are not reported: the reader
  // goes on by itself when the broker is back. A dead reader gives the same outcome again.
  virtual ReadOutcome Read(size_t max_records, const RecordSink& sink) = 0;

  // The partition's end as last heard with a fetch response; -1 before the first.
  virtual int64_t KnownEnd() const = 0;
};

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_LOG_READER_H_
