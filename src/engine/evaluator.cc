// How a pass works. The classes are sorted into groups by the name of their metadata member, which is what the scanner
// watches to cut it out, by the depth they allow, and by the fields that are cut: nearly always one group. In a group
// all filters share one trie of paths and one index (filter/filter_index.h), so a record is walked once and few filters
// are tried on it, whatever their number. Filters that look at the metadata are evaluated on a second text, the
// augmented one, again shared by all of them. A record's frame is made when the first class of its format matches.
//
// In a group that cuts fields, guards (the server's own filters) come first, on the whole message. Then the record's
// text is cut, once for all of the group, and scanned again: what follows takes the cut text for the record's own and
// cannot know what stood in it.
//
// A few filters alone have a look at a record's bytes first (filter/raw_filter.h), and what they refuse is not scanned.
// So a record that no one wants may be no JSON, and nobody learns of it.
//
// Sockets come and go one by one, and each changes the list of classes. So the plan for many classes is kept and grows:
// a new class costs its own filing, one that is not asked for a bit. A list of few, such as one reader's that catches up
// on his own, is worth a plan that looks for nothing else in a record; some of those are kept.
#include "engine/evaluator.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/padding.h"

namespace kasocki {
namespace {

// Texts made by JavaScript or by ourselves are no deeper than what made them could build.
constexpr size_t kTextDepth = 100000;

constexpr size_t kFewClasses = 8;
constexpr size_t kSmallPlans = 8;
// A plan with so many classes that are gone, and more of them than of others, is thrown away.
constexpr size_t kManyGone = 64;

// One filter, and what a text must be scanned with for it. No filter lets everything pass.
class LoneFilter {
 public:
  explicit LoneFilter(const Filter* filter) : filter_(filter) {
    if (filter_ == nullptr) return;
    for (const JsonPath& path : filter_->paths()) ids_.push_back(paths_.Add(path));
  }
  const PathSet* paths() const { return &paths_; }
  // On the scanner's last text.
  bool Matches(const JsonScanner& scanner) const {
    return filter_ == nullptr || filter_->Matches(scanner, scanner.values(), ids_);
  }

 private:
  const Filter* const filter_;
  PathSet paths_;
  std::vector<size_t> ids_;
};

// Gives a class the block that its frames are in. What waits for a slow client keeps its block in memory: a class with
// few of the frames gets copies of them in a block of its own, so that it keeps no more than a few times its own bytes.
void TakeFrames(const std::shared_ptr<std::string>& frames, Matches* matches) {
  constexpr size_t kWorthSharing = 4;
  matches->frames = frames;
  if (matches->total_bytes() * kWorthSharing >= frames->size()) return;
  auto own = std::make_shared<std::string>();
  own->reserve(matches->total_bytes());
  for (Matches::Match& match : matches->matches) {
    size_t begin = own->size();
    own->append(matches->Frame(match));
    match.begin = begin;
  }
  matches->frames = std::move(own);
}

// What most classes get out of most chunks: nothing. One for all, and nobody counts who has it: it is never freed.
std::shared_ptr<const Matches> NoMatches() {
  static const Matches* const kNothing = new Matches;
  return {std::shared_ptr<const Matches>(), kNothing};
}

std::string SkipReason(const std::optional<std::string_view>& value, JsonVerdict verdict, const JsonScanner& scanner) {
  if (!value) return "no value";
  return verdict == JsonVerdict::kScalar ? "neither an object nor an array" : scanner.reason();
}

}  // namespace

Evaluator::Evaluator(Counters* counters)
    : text_scanner_(kTextDepth), counters_(counters), shared_plan_(std::make_unique<EvaluationPlan>()) {}
Evaluator::~Evaluator() = default;

JsonScanner& Evaluator::ScannerFor(size_t max_depth) {
  std::unique_ptr<JsonScanner>& scanner = scanners_[max_depth];
  if (!scanner) scanner = std::make_unique<JsonScanner>(max_depth);
  return *scanner;
}

EvaluationPlan& Evaluator::PlanFor(const std::vector<std::shared_ptr<const FilterClass>>& classes) {
  if (classes.size() > kFewClasses) {
    if (!shared_plan_->IsAssigned(classes)) shared_plan_->Assign(classes);
    return *shared_plan_;
  }
  auto plan = std::find_if(small_plans_.begin(), small_plans_.end(),
                           [&](const auto& candidate) { return candidate->IsAssigned(classes); });
  if (plan == small_plans_.end()) {
    if (small_plans_.size() == kSmallPlans) small_plans_.pop_back();
    plan = small_plans_.insert(small_plans_.end(), std::make_unique<EvaluationPlan>());
    (*plan)->Assign(classes);
  }
  std::rotate(small_plans_.begin(), plan, plan + 1);
  return *small_plans_.front();
}

void Evaluator::Tidy() {
  std::erase_if(small_plans_, [](const auto& plan) { return plan->CountGone() > 0; });
  const size_t gone = shared_plan_->CountGone();
  if ((gone > 0 && gone == shared_plan_->size()) || (gone > kManyGone && 2 * gone > shared_plan_->size())) {
    shared_plan_ = std::make_unique<EvaluationPlan>();
  }
}

void Evaluator::Augment(std::string_view text, JsonVerdict verdict, const JsonScanner& scanner,
                        const MetadataStyle& style, const RecordChunk& records, size_t i,
                        const TopicPartition& partition, std::string* out) {
  if (metadata_of_ != i) {
    metadata_.clear();
    AppendMetadata(partition.topic, partition.partition, records.record(i), &metadata_);
    metadata_of_ = i;
  }
  AppendAugmented(text, verdict, scanner.members(), style, metadata_, out);
}

std::vector<std::shared_ptr<const Matches>> Evaluator::Evaluate(
    const RecordChunk& records, const TopicPartition& partition,
    const std::vector<std::shared_ptr<const FilterClass>>& classes, const SkipReport& skipped) {
  EvaluationPlan& plan = PlanFor(classes);
  const bool looks_first = plan.raw_filter().Begin();
  std::vector<std::shared_ptr<Matches>> results(classes.size());
  uint64_t parsed = 0, evaluated = 0, tried = 0, matched = 0, encoded = 0;

  for (PlannedGroup* group : plan.assigned()) {
    group->Settle();
    JsonScanner& scanner = ScannerFor(group->max_depth);
    const bool reports = group == plan.assigned().front();
    metadata_of_ = SIZE_MAX;
    formats_.assign(group->formats.size(), FormatState());
    std::vector<std::pair<size_t, uint32_t>> found;  // places of classes that match something, with their formats
    const PathSet& first_paths = group->fields ? group->guards.index.paths() : group->raw.index.paths();

    for (size_t i = 0; i < records.size(); ++i) {
      std::optional<std::string_view> value = records.value(i);
      if (looks_first && value && !plan.raw_filter().MayMatch(*value)) {
        evaluated += group->raw.filters;
        continue;
      }
      JsonVerdict verdict = value ? scanner.Scan(*value, &first_paths, group->field) : JsonVerdict::kInvalid;
      ++parsed;
      if (verdict == JsonVerdict::kInvalid || verdict == JsonVerdict::kScalar) {
        if (reports) skipped(records.offset(i), SkipReason(value, verdict, scanner));
        continue;
      }
      // Calls judge(text, scanner) for each text with metadata that filters want.
      auto judge_augmented = [&](auto& texts, auto&& judge) {
        for (auto& [style, text] : texts) {
          if (text.index.wanted().empty()) continue;
          scanned_text_.clear();
          Augment(*value, verdict, scanner, style, records, i, partition, &scanned_text_);
          ScanText(&text.index.paths());
          ++parsed;
          judge(text, text_scanner_);
        }
      };

      if (group->fields) {
        guarded_.assign(group->guard_numbers.size(), 0);
        auto judge_guards = [&](PlannedGuards& guards, const JsonScanner& text_scanner) {
          tried += guards.index.Match(text_scanner, &matching_);
          evaluated += guards.index.wanted().size();
          for (const uint32_t slot : matching_) guarded_[guards.numbers[slot]] = 1;
        };
        if (!group->guards.index.wanted().empty()) judge_guards(group->guards, scanner);
        judge_augmented(group->augmented_guards, judge_guards);
        verdict = CutFields(*group->fields, &scanner, &group->raw.index.paths(), group->field, &*value);
        ++parsed;
      }

      auto judge = [&](PlannedText& text, const JsonScanner& text_scanner) {
        tried += text.index.Match(text_scanner, &matching_);
        evaluated += text.filters;
        for (const uint32_t slot : matching_) {
          if (text.guards[slot] != kNoGuard && guarded_[text.guards[slot]] == 0) continue;
          ++matched;
          FormatState& format = formats_[text.formats[slot]];
          if (format.record != i) {
            const MessageFormat& message_format = *group->formats[text.formats[slot]];
            text_.clear();
            Augment(*value, verdict, scanner, message_format.metadata, records, i, partition, &text_);
            if (format.frames == nullptr) format.frames = std::make_shared<std::string>();
            format.begin = format.frames->size();
            format.frame = message_format.encoder.Append(text_, format.frames.get());
            format.record = i;
            ++encoded;
          }
          std::shared_ptr<Matches>& result = results[text.places[slot]];
          if (result == nullptr) {
            result = std::make_shared<Matches>();
            found.emplace_back(text.places[slot], text.formats[slot]);
          }
          result->Add(records.offset(i), format.begin, format.frame);
        }
      };
      if (!group->raw.wanted.empty()) judge(group->raw, scanner);
      judge_augmented(group->augmented, judge);
    }
    for (const auto& [place, format] : found) TakeFrames(formats_[format].frames, results[place].get());
    formats_.clear();
  }
  counters_->records_parsed += parsed;
  counters_->filter_evaluations += evaluated;
  counters_->filters_tried += tried;
  counters_->records_matched += matched;
  counters_->records_encoded += encoded;
  std::vector<std::shared_ptr<const Matches>> shared;
  shared.reserve(results.size());
  for (std::shared_ptr<Matches>& result : results) {
    shared.push_back(result != nullptr ? std::move(result) : NoMatches());
  }
  return shared;
}

JsonVerdict Evaluator::ScanText(const PathSet* paths) {
  size_t length = scanned_text_.size();
  scanned_text_.append(kPadding, '\0');
  return text_scanner_.Scan(std::string_view(scanned_text_).substr(0, length), paths);
}

JsonVerdict Evaluator::CutFields(const FieldMask& fields, JsonScanner* scanner, const PathSet* paths,
                                 std::string_view field, std::string_view* text) {
  if (cutter_.Cut(fields, *scanner, &cut_text_)) {
    size_t length = cut_text_.size();
    cut_text_.append(kPadding, '\0');
    *text = std::string_view(cut_text_).substr(0, length);
  }
  return scanner->Scan(*text, paths, field);
}

std::shared_ptr<const MessageTexts> Evaluator::Texts(const RecordChunk& records, const TopicPartition& partition,
                                                     const FilterClass& filter_class, const SkipReport& skipped) {
  const MessageFormat& format = *filter_class.format;
  auto texts = std::make_shared<MessageTexts>();
  JsonScanner& scanner = ScannerFor(format.max_depth);
  const LoneFilter guard(filter_class.guard.get());
  const bool guard_augmented = filter_class.guard_looks_at_metadata();
  metadata_of_ = SIZE_MAX;
  for (size_t i = 0; i < records.size(); ++i) {
    std::optional<std::string_view> value = records.value(i);
    JsonVerdict verdict = value ? scanner.Scan(*value, guard.paths(), format.metadata.field) : JsonVerdict::kInvalid;
    if (verdict == JsonVerdict::kInvalid || verdict == JsonVerdict::kScalar) {
      skipped(records.offset(i), SkipReason(value, verdict, scanner));
      continue;
    }
    if (guard_augmented) {
      scanned_text_.clear();
      Augment(*value, verdict, scanner, format.metadata, records, i, partition, &scanned_text_);
      ScanText(guard.paths());
    }
    if (!guard.Matches(guard_augmented ? text_scanner_ : scanner)) continue;
    if (format.fields) verdict = CutFields(*format.fields, &scanner, nullptr, format.metadata.field, &*value);
    texts->offsets.push_back(records.offset(i));
    Augment(*value, verdict, scanner, format.metadata, records, i, partition, &texts->texts.emplace_back());
  }
  counters_->records_parsed += records.size();
  return texts;
}

std::shared_ptr<const MessageTexts> Evaluator::Permitted(std::shared_ptr<const MessageTexts> texts,
                                                         const FilterClass& filter_class) {
  const FieldMask* fields = filter_class.format->fields.get();
  if (!filter_class.guard && fields == nullptr) return texts;
  auto permitted = std::make_shared<MessageTexts>();
  const LoneFilter guard(filter_class.guard.get());
  for (size_t i = 0; i < texts->texts.size(); ++i) {
    scanned_text_ = texts->texts[i];
    JsonVerdict verdict = ScanText(guard.paths());
    if (!guard.Matches(text_scanner_)) continue;
    const bool container = verdict == JsonVerdict::kObject || verdict == JsonVerdict::kArray;
    // What toJSON may make of an object has no fields: none of it is known to be harmless.
    if (fields != nullptr && !container) continue;
    const bool cut = fields != nullptr && cutter_.Cut(*fields, text_scanner_, &cut_text_);
    permitted->offsets.push_back(texts->offsets[i]);
    permitted->texts.push_back(cut ? cut_text_ : texts->texts[i]);
  }
  counters_->records_parsed += texts->texts.size();
  return permitted;
}

std::shared_ptr<const Matches> Evaluator::EvaluateTexts(const MessageTexts& texts, const FilterClass& filter_class) {
  std::vector<uint8_t> verdicts(texts.texts.size(), 1);
  if (filter_class.filter) {
    const LoneFilter filter(filter_class.filter.get());
    for (size_t i = 0; i < texts.texts.size(); ++i) {
      scanned_text_ = texts.texts[i];
      ScanText(filter.paths());
      verdicts[i] = filter.Matches(text_scanner_);
    }
    counters_->records_parsed += texts.texts.size();
    counters_->filter_evaluations += texts.texts.size();
    counters_->filters_tried += texts.texts.size();
  }
  return EncodeAccepted(texts, verdicts, filter_class);
}

std::shared_ptr<const Matches> Evaluator::EncodeAccepted(const MessageTexts& texts,
                                                         const std::vector<uint8_t>& verdicts,
                                                         const FilterClass& filter_class) {
  auto frames = std::make_shared<std::string>();
  auto result = std::make_shared<Matches>();
  for (size_t i = 0; i < texts.texts.size() && i < verdicts.size(); ++i) {
    if (verdicts[i] == 0) continue;
    size_t begin = frames->size();
    result->Add(texts.offsets[i], begin, filter_class.format->encoder.Append(texts.texts[i], frames.get()));
  }
  counters_->records_matched += result->size();
  counters_->records_encoded += result->size();
  result->frames = std::move(frames);
  return result;
}

}  // namespace kasocki
