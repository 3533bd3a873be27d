// How a pass works. The classes are sorted into groups by the name of their metadata member, which is what the scanner
// watches to cut it out, by the depth they allow, and by the fields that are cut: nearly always one group. In a group
// all filters share one trie of paths, so a record is walked once, whatever the number of filters. Filters that look at
// the metadata are evaluated on a second text, the augmented one, again shared by all of them. A record's frame is made
// when the first class of its format matches.
//
// In a group that cuts fields, guards (the server's own filters) come first, on the whole message. Then the record's
// text is cut, once for all of the group, and scanned again: what follows takes the cut text for the record's own and
// cannot know what stood in it.
#include "engine/evaluator.h"

#include <algorithm>
#include <map>

#include "common/padding.h"

namespace kasocki {
namespace {

// Texts made by JavaScript or by ourselves are no deeper than what made them could build.
constexpr size_t kTextDepth = 100000;

constexpr size_t kNoGuard = SIZE_MAX;

// A filter class in a plan, with the ids of its filter's paths in the group's set. Or a guard of some classes.
struct PlannedClass {
  size_t index;   // in the caller's list; of a guard, in the group's
  size_t format;  // in the group's list
  const Filter* filter;
  std::vector<size_t> ids;
  size_t guard;  // in the group's list, or kNoGuard
};

// Classes that are judged on the same text.
struct PlannedText {
  PathSet paths;
  std::vector<PlannedClass> classes;

  void Add(size_t index, size_t format, const Filter* filter, size_t guard = kNoGuard) {
    PlannedClass planned{index, format, filter, {}, guard};
    if (filter != nullptr) {
      for (const JsonPath& path : filter->paths()) planned.ids.push_back(paths.Add(path));
    }
    classes.push_back(std::move(planned));
  }

  // The first one's filter, on what was just scanned for it.
  bool FirstMatches(const JsonScanner& scanner) const {
    return classes[0].filter->Matches(scanner, scanner.values(), classes[0].ids);
  }
};

struct Group {
  std::string field;
  size_t max_depth = 0;
  std::shared_ptr<const FieldMask> fields;  // null: nothing is cut
  std::vector<const MessageFormat*> formats;
  std::vector<std::pair<size_t, size_t>> classes;  // indexes of class and format
  PlannedText raw;                                 // judged on the record's own text
  std::map<MetadataStyle, PlannedText> augmented;  // judged on the text with metadata
  PlannedText guards;                              // judged on the record's own text before anything is cut
  std::map<MetadataStyle, PlannedText> augmented_guards;
  std::map<std::pair<std::string, MetadataStyle>, size_t> guard_indexes;

  bool Takes(const MessageFormat& format) const {
    return field == format.metadata.field && max_depth == format.max_depth &&
           (fields == format.fields || (fields && format.fields && fields->canonical() == format.fields->canonical()));
  }

  // Equal guards are judged once.
  size_t GuardIndex(const FilterClass& filter_class) {
    if (!filter_class.guard) return kNoGuard;
    const bool metadata = filter_class.guard_looks_at_metadata();
    const MetadataStyle& style = filter_class.format->metadata;
    auto [it, added] = guard_indexes.try_emplace({filter_class.guard->canonical(), metadata ? style : MetadataStyle{}},
                                                 guard_indexes.size());
    if (added) (metadata ? augmented_guards[style] : guards).Add(it->second, 0, filter_class.guard.get());
    return it->second;
  }

  size_t FormatIndex(const MessageFormat* format) {
    auto it = std::find(formats.begin(), formats.end(), format);
    if (it != formats.end()) return static_cast<size_t>(it - formats.begin());
    formats.push_back(format);
    return formats.size() - 1;
  }
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

std::string SkipReason(const std::optional<std::string_view>& value, JsonVerdict verdict, const JsonScanner& scanner) {
  if (!value) return "no value";
  return verdict == JsonVerdict::kScalar ? "neither an object nor an array" : scanner.reason();
}

}  // namespace

struct Evaluator::Plan {
  std::vector<uint64_t> class_ids;  // what it was made for
  std::vector<Group> groups;
};

Evaluator::Evaluator(Counters* counters)
    : text_scanner_(kTextDepth), counters_(counters), plan_(std::make_unique<Plan>()) {}
Evaluator::~Evaluator() = default;

JsonScanner& Evaluator::ScannerFor(size_t max_depth) {
  std::unique_ptr<JsonScanner>& scanner = scanners_[max_depth];
  if (!scanner) scanner = std::make_unique<JsonScanner>(max_depth);
  return *scanner;
}

const Evaluator::Plan& Evaluator::PlanFor(const std::vector<std::shared_ptr<const FilterClass>>& classes) {
  bool same = plan_->class_ids.size() == classes.size();
  for (size_t i = 0; same && i < classes.size(); ++i) same = plan_->class_ids[i] == classes[i]->id;
  if (same) return *plan_;

  plan_ = std::make_unique<Plan>();
  for (size_t i = 0; i < classes.size(); ++i) {
    const FilterClass& filter_class = *classes[i];
    plan_->class_ids.push_back(filter_class.id);
    const MetadataStyle& style = filter_class.format->metadata;
    auto& groups = plan_->groups;
    auto group =
        std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.Takes(*filter_class.format); });
    if (group == groups.end()) {
      groups.emplace_back().field = style.field;
      group = groups.end() - 1;
      group->max_depth = filter_class.format->max_depth;
      group->fields = filter_class.format->fields;
    }
    size_t format = group->FormatIndex(filter_class.format.get());
    group->classes.emplace_back(i, format);
    PlannedText& text = filter_class.looks_at_metadata() ? group->augmented[style] : group->raw;
    text.Add(i, format, filter_class.filter.get(), group->GuardIndex(filter_class));
  }
  return *plan_;
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
  const Plan& plan = PlanFor(classes);
  std::vector<std::shared_ptr<Matches>> results(classes.size());
  for (auto& result : results) result = std::make_shared<Matches>();
  uint64_t parsed = 0, evaluated = 0, matched = 0, encoded = 0;

  for (size_t g = 0; g < plan.groups.size(); ++g) {
    const Group& group = plan.groups[g];
    JsonScanner& scanner = ScannerFor(group.max_depth);
    metadata_of_ = SIZE_MAX;
    // Of each format: the block that its frames go to, and the frame of the record at hand.
    struct FormatState {
      std::shared_ptr<std::string> frames = std::make_shared<std::string>();
      bool encoded = false;
      size_t begin = 0;
      FrameLayout frame;
    };
    std::vector<FormatState> formats(group.formats.size());
    std::vector<uint8_t> guarded(group.guard_indexes.size());  // by guard: it lets the record at hand pass
    const PathSet& first_paths = group.fields ? group.guards.paths : group.raw.paths;

    for (size_t i = 0; i < records.size(); ++i) {
      std::optional<std::string_view> value = records.value(i);
      JsonVerdict verdict = value ? scanner.Scan(*value, &first_paths, group.field) : JsonVerdict::kInvalid;
      ++parsed;
      if (verdict == JsonVerdict::kInvalid || verdict == JsonVerdict::kScalar) {
        if (g == 0) skipped(records.offset(i), SkipReason(value, verdict, scanner));
        continue;
      }
      for (FormatState& format : formats) format.encoded = false;
      // Calls judge(text, scanner) for each text with metadata that filters want.
      auto judge_augmented = [&](const std::map<MetadataStyle, PlannedText>& texts, auto&& judge) {
        for (const auto& [style, text] : texts) {
          std::string augmented;
          Augment(*value, verdict, scanner, style, records, i, partition, &augmented);
          ScanText(std::move(augmented), &text.paths);
          ++parsed;
          judge(text, text_scanner_);
        }
      };

      if (group.fields) {
        auto judge_guards = [&](const PlannedText& text, const JsonScanner& text_scanner) {
          for (const PlannedClass& guard : text.classes) {
            ++evaluated;
            guarded[guard.index] = guard.filter->Matches(text_scanner, text_scanner.values(), guard.ids);
          }
        };
        judge_guards(group.guards, scanner);
        judge_augmented(group.augmented_guards, judge_guards);
        verdict = CutFields(*group.fields, &scanner, &group.raw.paths, group.field, &*value);
        ++parsed;
      }

      auto judge = [&](const PlannedText& text, const JsonScanner& text_scanner) {
        for (const PlannedClass& planned : text.classes) {
          if (planned.guard != kNoGuard && guarded[planned.guard] == 0) continue;
          if (planned.filter != nullptr) {
            ++evaluated;
            if (!planned.filter->Matches(text_scanner, text_scanner.values(), planned.ids)) continue;
          }
          ++matched;
          FormatState& format = formats[planned.format];
          if (!format.encoded) {
            const MessageFormat& message_format = *group.formats[planned.format];
            text_.clear();
            Augment(*value, verdict, scanner, message_format.metadata, records, i, partition, &text_);
            format.begin = format.frames->size();
            format.frame = message_format.encoder.Append(text_, format.frames.get());
            format.encoded = true;
            ++encoded;
          }
          results[planned.index]->Add(records.offset(i), format.begin, format.frame);
        }
      };
      judge(group.raw, scanner);
      judge_augmented(group.augmented, judge);
    }
    for (const auto& [index, format] : group.classes) TakeFrames(formats[format].frames, results[index].get());
  }
  counters_->records_parsed += parsed;
  counters_->filter_evaluations += evaluated;
  counters_->records_matched += matched;
  counters_->records_encoded += encoded;
  return {results.begin(), results.end()};
}

JsonVerdict Evaluator::ScanText(std::string text, const PathSet* paths) {
  scanned_text_ = std::move(text);
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
  PlannedText guard;
  if (filter_class.guard) guard.Add(0, 0, filter_class.guard.get());
  const bool guard_augmented = filter_class.guard_looks_at_metadata();
  metadata_of_ = SIZE_MAX;
  for (size_t i = 0; i < records.size(); ++i) {
    std::optional<std::string_view> value = records.value(i);
    JsonVerdict verdict = value ? scanner.Scan(*value, &guard.paths, format.metadata.field) : JsonVerdict::kInvalid;
    if (verdict == JsonVerdict::kInvalid || verdict == JsonVerdict::kScalar) {
      skipped(records.offset(i), SkipReason(value, verdict, scanner));
      continue;
    }
    if (guard_augmented) {
      std::string augmented;
      Augment(*value, verdict, scanner, format.metadata, records, i, partition, &augmented);
      ScanText(std::move(augmented), &guard.paths);
    }
    if (filter_class.guard && !guard.FirstMatches(guard_augmented ? text_scanner_ : scanner)) continue;
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
  PlannedText guard;
  if (filter_class.guard) guard.Add(0, 0, filter_class.guard.get());
  for (size_t i = 0; i < texts->texts.size(); ++i) {
    JsonVerdict verdict = ScanText(texts->texts[i], &guard.paths);
    if (filter_class.guard && !guard.FirstMatches(text_scanner_)) continue;
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
    PlannedText planned;
    planned.Add(0, 0, filter_class.filter.get());
    for (size_t i = 0; i < texts.texts.size(); ++i) {
      ScanText(texts.texts[i], &planned.paths);
      verdicts[i] = filter_class.filter->Matches(text_scanner_, text_scanner_.values(), planned.classes[0].ids);
    }
    counters_->records_parsed += texts.texts.size();
    counters_->filter_evaluations += texts.texts.size();
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
