// Notice: what a client is told between two messages, in their order.
#ifndef KASOCKI_ENGINE_NOTICE_H_
#define KASOCKI_ENGINE_NOTICE_H_

#include <cstdint>
#include <variant>
#include <vector>

#include "engine/starts.h"
#include "kafka/client.h"

namespace kasocki {

struct Cursor;

// Where a session stands on a partition: all that it should get below `offset` was taken.
struct Standing {
  TopicPartition partition;
  int64_t offset = 0;
};

// The same, with what is needed to go on there in another process.
struct Position {
  Standing standing;
  Mark mark;
  Bound until;
};

// All partitions are at their bounds: no message will come any more.
struct EndNotice {
  std::vector<Standing> ended;  // filled in when it is taken
};

// A partition that was subscribed after the subscription was answered.
struct Joined {
  TopicPartition partition;
  int64_t offset = 0;
  bool exact = true;  // false: more may come than was asked for
};
struct AssignedNotice {
  std::vector<Joined> joined;
};

// Offsets that will never come: the cursor stood at `from` and goes on at `to`. Offsets that never had a record for it
// (transaction markers, aborted transactions, compaction) are no gap.
struct GapNotice {
  enum class Reason {
    kRetention,  // the log begins at or above `to` by now
    kSkipped,    // the subscription's slow policy
    kTruncated,  // the log ended below `from`; what comes at `to` <= `from` was written later
  };
  TopicPartition partition;  // filled in when it is taken
  int64_t from = 0;
  int64_t to = 0;
  Reason reason = Reason::kRetention;
  Cursor* cursor = nullptr;  // null once taken: the cursor may go at any time
};

using Notice = std::variant<EndNotice, AssignedNotice, GapNotice>;

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_NOTICE_H_
