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
// So a record that no one wants may be broken inside, and nobody learns of it.
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
// What one filter may take on one record while others wait: about 0.2 ms, but for regular expressions of the worst kind.
constexpr int64_t kShortPatience = 20000;
// A plan with so many classes that are gone, and more of them than of others, is thrown away.
constexpr size_t kManyGone = 64;

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

// One filter, and what a text must be scanned with for it. No filter lets everything pass.
class Evaluator::LoneFilter {
 public:
  explicit LoneFilter(const Filter* filter) : filter_(filter) {
    if (filter_ == nullptr) return;
    for (const JsonPath& path : filter_->paths()) ids_.push_back(paths_.Add(path));
  }
  const PathSet* paths() const { return &paths_; }
  // On the scanner's last text.
  bool Matches(const JsonScanner& scanner, FilterRun* run) const {
    return filter_ == nullptr || filter_->Matches(scanner, scanner.values(), ids_, run);
  }

 private:
  const Filter* const filter_;
  PathSet paths_;
  std::vector<size_t> ids_;
};

Evaluator::Evaluator(Counters* counters, Patience patience)
    : text_scanner_(kTextDepth),
      counters_(counters),
      shared_plan_(std::make_unique<EvaluationPlan>()),
      patient_(patience == Patience::kEndless) {
  if (!patient_) trials_.run.set_patience(kShortPatience);
}
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

void Evaluator::CountGuards(uint64_t count, int64_t offset) {
  if (count == 0) return;
  counters_->filters_over_budget += count;
  guard_overruns_.Add({count, offset});
}

bool Evaluator::Passes(const LoneFilter& guard, const JsonScanner& scanner, int64_t offset) {
  const bool passes = guard.Matches(scanner, &guard_trials_.run);
  if (!passes && guard_trials_.run.over_budget()) CountGuards(1, offset);
  return passes;
}

// What the trials of one record showed of filters that take many steps, or long. What a guard refused does not count: its
// client must not learn of it.
void Evaluator::SortTrials(const PlannedText& text, std::vector<std::shared_ptr<Matches>>* results, int64_t offset) {
  for (const uint32_t slot : trials_.over_budget) {
    if (IsGuardedOff(text, slot)) continue;
    ++counters_->filters_over_budget;
    std::shared_ptr<Matches>& result = (*results)[text.places[slot]];
    if (result == nullptr) result = std::make_shared<Matches>();
    result->last_over_budget = offset;
  }
  for (const uint32_t slot : trials_.broken_off) given_up_.emplace_back(&text, slot);
  for (const auto& [slot, nanoseconds] : trials_.times) {
    if (watch_.Add(text.places[slot], nanoseconds)) given_up_.emplace_back(&text, slot);
  }
  CountGuards(std::exchange(trials_.guards_over_budget, 0), offset);
  trials_.over_budget.clear();
  trials_.broken_off.clear();
  trials_.times.clear();
}

std::vector<std::shared_ptr<const Matches>> Evaluator::Evaluate(
    const RecordChunk& records, const TopicPartition& partition,
    const std::vector<std::shared_ptr<const FilterClass>>& classes, const SkipReport& skipped, size_t first,
    size_t last) {
  EvaluationPlan& plan = PlanFor(classes);
  const bool looks_first = plan.raw_filter().Begin();
  last = std::min(last, records.size());
  watch_.Begin(last - first);
  given_up_.clear();
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

    for (size_t i = first; i < last; ++i) {
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
          // To the end, whatever it takes: they are the server's own.
          tried += guards.index.Match(text_scanner, &guard_trials_, &matching_);
          CountGuards(guard_trials_.over_budget.size(), records.offset(i));
          guard_trials_.over_budget.clear();
          evaluated += guards.index.wanted().size();
          for (const uint32_t slot : matching_) guarded_[guards.numbers[slot]] = 1;
        };
        if (!group->guards.index.wanted().empty()) judge_guards(group->guards, scanner);
        judge_augmented(group->augmented_guards, judge_guards);
        verdict = CutFields(*group->fields, &scanner, &group->raw.index.paths(), group->field, &*value);
        ++parsed;
      }

      auto judge = [&](PlannedText& text, const JsonScanner& text_scanner) {
        trials_.timed = !patient_ && watch_.Samples(i);
        trials_.given_up.clear();
        for (const auto& [where, slot] : given_up_) {
          if (where == &text) trials_.given_up.push_back(slot);
        }
        tried += text.index.Match(text_scanner, &trials_, &matching_);
        SortTrials(text, &results, records.offset(i));
        evaluated += text.filters;
        for (const uint32_t slot : matching_) {
          if (IsGuardedOff(text, slot)) continue;
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
          if (result == nullptr) result = std::make_shared<Matches>();
          if (result->size() == 0) found.emplace_back(text.places[slot], text.formats[slot]);
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
  for (const auto& [text, slot] : given_up_) shared[text->places[slot]] = nullptr;
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
    if (!Passes(guard, guard_augmented ? text_scanner_ : scanner, records.offset(i))) continue;
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
    if (!Passes(guard, text_scanner_, texts->offsets[i])) continue;
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

std::shared_ptr<const Matches> Evaluator::EvaluateTexts(const MessageTexts& texts, const FilterClass& filter_class,
                                                        size_t first, size_t last) {
  last = std::min(last, texts.texts.size());
  std::vector<uint8_t> verdicts(texts.texts.size(), 0);
  std::fill(verdicts.begin() + static_cast<ptrdiff_t>(first), verdicts.begin() + static_cast<ptrdiff_t>(last), 1);
  int64_t last_over_budget = -1;
  if (filter_class.filter) {
    FilterIndex index;
    index.Want({index.Add(filter_class.filter)});
    trials_.given_up.clear();
    watch_.Begin(last - first);
    bool given_up = false;
    for (size_t i = first; i < last && !given_up; ++i) {
      scanned_text_ = texts.texts[i];
      ScanText(&index.paths());
      trials_.timed = !patient_ && watch_.Samples(i);
      index.Match(text_scanner_, &trials_, &matching_);
      verdicts[i] = matching_.empty() ? 0 : 1;
      if (!trials_.over_budget.empty()) last_over_budget = texts.offsets[i];
      counters_->filters_over_budget += trials_.over_budget.size();
      trials_.over_budget.clear();
      CountGuards(std::exchange(trials_.guards_over_budget, 0), texts.offsets[i]);
      given_up = !trials_.broken_off.empty();
      for (const auto& [slot, nanoseconds] : trials_.times) given_up = watch_.Add(slot, nanoseconds) || given_up;
      trials_.broken_off.clear();
      trials_.times.clear();
    }
    counters_->records_parsed += last - first;
    counters_->filter_evaluations += last - first;
    counters_->filters_tried += last - first;
    if (given_up) return nullptr;
  }
  return Encode(texts, verdicts, filter_class, last_over_budget);
}

std::shared_ptr<const Matches> Evaluator::EncodeAccepted(const MessageTexts& texts,
                                                         const std::vector<uint8_t>& verdicts,
                                                         const FilterClass& filter_class) {
  return Encode(texts, verdicts, filter_class, -1);
}

std::shared_ptr<const Matches> Evaluator::Encode(const MessageTexts& texts, const std::vector<uint8_t>& verdicts,
                                                 const FilterClass& filter_class, int64_t last_over_budget) {
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
  result->last_over_budget = last_over_budget;
  return result;
}

}  // namespace kasocki
