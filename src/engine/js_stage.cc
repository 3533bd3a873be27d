#include "engine/js_stage.h"

#include <algorithm>

namespace kasocki {

void JsStage::Request(uint64_t partition_id, const TopicPartition& partition, std::shared_ptr<ScanChunk> chunk,
                      std::shared_ptr<const FilterClass> filter_class, const SkipReport& skipped) {
  Job job{partition_id, partition, chunk, std::move(filter_class)};
  FunctionId decoder = job.filter_class->decoder;
  if (decoder == 0) {
    auto texts = evaluator_->Texts(*chunk->records, partition, *job.filter_class, skipped);
    overran_(partition, evaluator_->TakeGuardOverruns());
    return Judge(std::move(job), std::move(texts));
  }
  auto known = chunk->decoded.find(decoder);
  if (known == chunk->decoded.end()) {
    chunk->decoded[decoder] = nullptr;
    RequestId request = next_request_++;
    decodings_[request].jobs.push_back(std::move(job));
    return send_(DeserializeEvent{request, decoder, partition, chunk->records});
  }
  if (known->second) return JudgePermitted(std::move(job), known->second);
  auto decoding = std::find_if(decodings_.begin(), decodings_.end(), [&](const auto& entry) {
    const Job& first = entry.second.jobs.front();
    return first.chunk == chunk && first.filter_class->decoder == decoder;
  });
  decoding->second.jobs.push_back(std::move(job));
}

void JsStage::Deserialized(RequestId request, std::vector<std::optional<std::string>> texts) {
  auto it = decodings_.find(request);
  if (it == decodings_.end()) return;
  Decoding decoding = std::move(it->second);
  decodings_.erase(it);
  const Job& first = decoding.jobs.front();
  const RecordChunk& records = *first.chunk->records;
  auto messages = std::make_shared<MessageTexts>();
  for (size_t i = 0; i < texts.size() && i < records.size(); ++i) {
    if (!texts[i]) continue;
    messages->offsets.push_back(records.offset(i));
    messages->texts.push_back(std::move(*texts[i]));
  }
  first.chunk->decoded[first.filter_class->decoder] = messages;
  for (Job& job : decoding.jobs) JudgePermitted(std::move(job), messages);
}

void JsStage::JudgePermitted(Job job, const std::shared_ptr<const MessageTexts>& texts) {
  auto permitted = evaluator_->Permitted(texts, *job.filter_class);
  overran_(job.partition, evaluator_->TakeGuardOverruns());
  Judge(std::move(job), std::move(permitted));
}

void JsStage::Judge(Job job, std::shared_ptr<const MessageTexts> texts) {
  FunctionId matcher = job.filter_class->matcher;
  if (matcher == 0) return JudgeNatively(std::move(job), std::move(texts));
  RequestId request = next_request_++;
  std::shared_ptr<const std::vector<std::string>> messages(texts, &texts->texts);
  matchings_.emplace(request, Matching{std::move(job), std::move(texts)});
  send_(MatchEvent{request, matcher, std::move(messages)});
}

void JsStage::JudgeNatively(Job job, std::shared_ptr<const MessageTexts> texts) {
  if (!job.filter_class->slow) {
    auto found = evaluator_->EvaluateTexts(*texts, *job.filter_class);
    overran_(job.partition, evaluator_->TakeGuardOverruns());
    if (found) return Store(job, std::move(found));
  }
  // Chunks that wait for a function are few, and so are those that come here.
  auto slow = std::make_shared<SlowJob>();
  slow->texts = std::move(texts);
  slow->filter_class = job.filter_class;
  slow->done = [this, job = std::move(job)](const SlowJob& finished) {
    overran_(job.partition, finished.guard_overruns);
    Store(job, finished.found);
  };
  slow_lane_->JudgeAnyway(std::move(slow));
}

void JsStage::Matched(RequestId request, const std::vector<uint8_t>& verdicts) {
  auto it = matchings_.find(request);
  if (it == matchings_.end()) return;
  Matching matching = std::move(it->second);
  matchings_.erase(it);
  Store(matching.job, evaluator_->EncodeAccepted(*matching.texts, verdicts, *matching.job.filter_class));
}

void JsStage::Store(const Job& job, std::shared_ptr<const Matches> matches) {
  job.chunk->results.Set(job.filter_class->id, std::move(matches));
  stored_(job.partition_id);
}

}  // namespace kasocki
