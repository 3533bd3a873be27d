// Evaluator: from records to the encoded matches of filter classes.
//
// Each record is scanned once for all classes given, all their filters are evaluated on the values found, and a record
// that any class of a format matches is encoded once for that format.
#ifndef KASOCKI_ENGINE_EVALUATOR_H_
#define KASOCKI_ENGINE_EVALUATOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/cost_watch.h"
#include "engine/counters.h"
#include "engine/evaluation_plan.h"
#include "engine/filter_class.h"
#include "engine/matches.h"
#include "engine/scan.h"
#include "json/fields.h"
#include "json/scanner.h"
#include "kafka/client.h"
#include "record/record_chunk.h"

namespace kasocki {

// Called for each record that is no JSON object or array, with the reason.
using SkipReport = std::function<void(int64_t offset, const std::string& reason)>;

// How often the server's own filters took more steps than they may, and the last record that they did on.
struct GuardOverruns {
  uint64_t count = 0;
  int64_t offset = -1;

  void Add(const GuardOverruns& more) {
    if (more.count == 0) return;
    count += more.count;
    offset = more.offset;
  }
};

// One for each thread that evaluates; not thread-safe. Reuses its buffers.
class Evaluator {
 public:
  // A short patience gives up on filters that take long, so that others need not wait for them.
  enum class Patience { kShort, kEndless };

  explicit Evaluator(Counters* counters, Patience patience = Patience::kEndless);
  ~Evaluator();

  // Classes of native filters on the records from `first` to below `last`, each class once. results[i] belongs to
  // classes[i]; null: given up.
  std::vector<std::shared_ptr<const Matches>> Evaluate(const RecordChunk& records, const TopicPartition& partition,
                                                       const std::vector<std::shared_ptr<const FilterClass>>& classes,
                                                       const SkipReport& skipped, size_t first = 0,
                                                       size_t last = SIZE_MAX);

  // The messages of a chunk as texts, with their metadata, as far as the class may see them: what a JavaScript matcher
  // gets.
  std::shared_ptr<const MessageTexts> Texts(const RecordChunk& records, const TopicPartition& partition,
                                            const FilterClass& filter_class, const SkipReport& skipped);

  // Of texts that a JavaScript deserializer made, as much as the class may see.
  std::shared_ptr<const MessageTexts> Permitted(std::shared_ptr<const MessageTexts> texts,
                                                const FilterClass& filter_class);

  // A native filter (or none) on texts that a JavaScript deserializer made, from `first` to below `last`. Null: given up.
  std::shared_ptr<const Matches> EvaluateTexts(const MessageTexts& texts, const FilterClass& filter_class,
                                               size_t first = 0, size_t last = SIZE_MAX);

  // The texts that a JavaScript matcher accepted: verdicts[i] != 0.
  std::shared_ptr<const Matches> EncodeAccepted(const MessageTexts& texts, const std::vector<uint8_t>& verdicts,
                                                const FilterClass& filter_class);

  // Since the last call.
  GuardOverruns TakeGuardOverruns() { return std::exchange(guard_overruns_, GuardOverruns()); }

  // Lets go of what it keeps for classes that nobody is in any more, if that has become much. To be called now and then.
  void Tidy();

 private:
  class LoneFilter;
  // Of one format: the block that frames go to, and the frame of the record at hand.
  struct FormatState {
    std::shared_ptr<std::string> frames;
    size_t record = SIZE_MAX;  // whose frame it is
    size_t begin = 0;
    FrameLayout frame;
  };

  std::shared_ptr<const Matches> Encode(const MessageTexts& texts, const std::vector<uint8_t>& verdicts,
                                        const FilterClass& filter_class, int64_t last_over_budget);
  EvaluationPlan& PlanFor(const std::vector<std::shared_ptr<const FilterClass>>& classes);
  void Augment(std::string_view text, JsonVerdict verdict, const JsonScanner& scanner, const MetadataStyle& style,
               const RecordChunk& records, size_t i, const TopicPartition& partition, std::string* out);

  // Scanners of records by the depth they allow; of texts made of them, which were found valid before, one.
  JsonScanner& ScannerFor(size_t max_depth);
  std::map<size_t, std::unique_ptr<JsonScanner>> scanners_;
  JsonScanner text_scanner_;
  Counters* const counters_;
  // Scans scanned_text_, which is known to be valid, with text_scanner_.
  JsonVerdict ScanText(const PathSet* paths);
  // Cuts fields from the text that `scanner` has just found valid and scans what is left. *text becomes that, until the
  // next call.
  JsonVerdict CutFields(const FieldMask& fields, JsonScanner* scanner, const PathSet* paths, std::string_view field,
                        std::string_view* text);

  // Guards that were over their budget on a record.
  void CountGuards(uint64_t count, int64_t offset);
  // Whether a guard alone lets the scanner's last text pass.
  bool Passes(const LoneFilter& guard, const JsonScanner& scanner, int64_t offset);
  bool IsGuardedOff(const PlannedText& text, uint32_t slot) const {
    return text.guards[slot] != kNoGuard && guarded_[text.guards[slot]] == 0;
  }
  void SortTrials(const PlannedText& text, std::vector<std::shared_ptr<Matches>>* results, int64_t offset);

  // For evaluations of many classes: one plan, which has all of them. For those of few: a small plan each, those used
  // last in front.
  std::unique_ptr<EvaluationPlan> shared_plan_;
  std::vector<std::unique_ptr<EvaluationPlan>> small_plans_;

  const bool patient_;
  FilterTrials trials_;
  FilterTrials guard_trials_;
  GuardOverruns guard_overruns_;
  CostWatch watch_;

  // Scratch of one evaluation.
  std::vector<std::pair<const PlannedText*, uint32_t>> given_up_;  // by slot
  std::vector<FormatState> formats_;
  std::vector<uint32_t> matching_;
  std::vector<uint8_t> guarded_;  // by guard's number: it lets the record at hand pass
  std::string metadata_;
  size_t metadata_of_ = SIZE_MAX;  // the record that metadata_ is of
  std::string text_;               // of the message at hand
  std::string scanned_text_;       // what text_scanner_ points into
  FieldCutter cutter_;
  std::string cut_text_;  // what CutFields left of a text
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_EVALUATOR_H_
