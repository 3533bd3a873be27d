// Notice: what a client is told between two messages, in their order.
#ifndef KASOCKI_ENGINE_NOTICE_H_
#define KASOCKI_ENGINE_NOTICE_H_

#include <cstdint>
#include <variant>
#include <vector>

#include "kafka/client.h"

namespace kasocki {

// Where a session stands on a partition: all that it should get below `offset` was taken.
struct Standing {
  TopicPartition partition;
  int64_t offset = 0;
};

// All partitions are at their bounds: no message will come any more.
struct EndNotice {
  std::vector<Standing> ended;  // filled in when it is taken
};

using Notice = std::variant<EndNotice>;

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_NOTICE_H_
