// JsStage: evaluations that need a function in JavaScript, a deserializer or a matcher.
//
// The worker can't call JavaScript: it asks the main thread for a whole chunk at a time, leaves the cursors of that
// class where they are, and goes on when the answer comes. Each function is asked once about a chunk, whoever needs it.
#ifndef KASOCKI_ENGINE_JS_STAGE_H_
#define KASOCKI_ENGINE_JS_STAGE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/evaluator.h"
#include "engine/events.h"
#include "engine/filter_class.h"
#include "engine/scan.h"
#include "engine/slow_lane.h"

namespace kasocki {

// Used by the worker alone.
class JsStage {
 public:
  using Send = std::function<void(HubEvent)>;
  // Something was stored in a chunk of this partition.
  using Stored = std::function<void(uint64_t partition_id)>;
  // The server's own filters took too many steps there.
  using Overran = std::function<void(const TopicPartition& partition, const GuardOverruns& overruns)>;

  JsStage(Evaluator* evaluator, SlowLane* slow_lane, Send send, Stored stored, Overran overran)
      : evaluator_(evaluator),
        slow_lane_(slow_lane),
        send_(std::move(send)),
        stored_(std::move(stored)),
        overran_(std::move(overran)) {}
  JsStage(const JsStage&) = delete;
  JsStage& operator=(const JsStage&) = delete;

  // Stores in `chunk->results` what the class gets, some time later.
  void Request(uint64_t partition_id, const TopicPartition& partition, std::shared_ptr<ScanChunk> chunk,
               std::shared_ptr<const FilterClass> filter_class, const SkipReport& skipped);

  // Answers. Unknown requests are ignored. nullopt: the record is skipped.
  void Deserialized(RequestId request, std::vector<std::optional<std::string>> texts);
  void Matched(RequestId request, const std::vector<uint8_t>& verdicts);

 private:
  struct Job {
    uint64_t partition_id;
    TopicPartition partition;
    std::shared_ptr<ScanChunk> chunk;
    std::shared_ptr<const FilterClass> filter_class;
  };
  struct Decoding {
    std::vector<Job> jobs;  // whose classes wait for these texts
  };
  struct Matching {
    Job job;
    std::shared_ptr<const MessageTexts> texts;
  };

  // `texts`: of a deserializer; and what may be seen of them.
  void JudgePermitted(Job job, const std::shared_ptr<const MessageTexts>& texts);
  void Judge(Job job, std::shared_ptr<const MessageTexts> texts);
  void Store(const Job& job, std::shared_ptr<const Matches> matches);

  void JudgeNatively(Job job, std::shared_ptr<const MessageTexts> texts);

  Evaluator* const evaluator_;
  SlowLane* const slow_lane_;
  const Send send_;
  const Stored stored_;
  const Overran overran_;
  RequestId next_request_ = 1;
  std::map<RequestId, Decoding> decodings_;
  std::map<RequestId, Matching> matchings_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_JS_STAGE_H_
