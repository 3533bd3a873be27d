// Notice: what a client is told between two messages, in their order.
#ifndef KASOCKI_ENGINE_NOTICE_H_
#define KASOCKI_ENGINE_NOTICE_H_

#include <cstdint>
#include <variant>
#include <vector>

#include "engine/starts.h"
#include "kafka/client.h"

namespace kasocki {

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

using Notice = std::variant<EndNotice, AssignedNotice>;

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_NOTICE_H_
