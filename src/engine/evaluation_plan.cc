#include "engine/evaluation_plan.h"

#include <algorithm>

namespace kasocki {

bool PlannedGroup::Takes(const MessageFormat& format) const {
  return field == format.metadata.field && max_depth == format.max_depth &&
         (fields == format.fields || (fields && format.fields && fields->canonical() == format.fields->canonical()));
}

uint32_t PlannedGroup::GuardNumber(const FilterClass& filter_class) {
  if (!filter_class.guard) return kNoGuard;
  const bool metadata = filter_class.guard_looks_at_metadata();
  const MetadataStyle& style = filter_class.format->metadata;
  const auto [it, added] =
      guard_numbers.try_emplace({filter_class.guard->canonical(), metadata ? style : MetadataStyle{}},
                                static_cast<uint32_t>(guard_numbers.size()));
  if (added) {
    PlannedGuards& planned = metadata ? augmented_guards[style] : guards;
    std::vector<uint32_t> wanted = planned.index.wanted();
    wanted.push_back(planned.index.Add(filter_class.guard));
    planned.numbers.push_back(it->second);
    planned.index.Want(std::move(wanted));
  }
  return it->second;
}

void PlannedGroup::Settle() {
  raw.index.Settle();
  for (auto& [style, text] : augmented) text.index.Settle();
  guards.index.Settle();
  for (auto& [style, guard] : augmented_guards) guard.index.Settle();
}

bool EvaluationPlan::IsAssigned(const std::vector<std::shared_ptr<const FilterClass>>& classes) const {
  return std::equal(classes.begin(), classes.end(), ids_.begin(), ids_.end(),
                    [](const auto& filter_class, uint64_t id) { return filter_class->id == id; });
}

EvaluationPlan::Class& EvaluationPlan::ClassOf(const std::shared_ptr<const FilterClass>& filter_class) {
  const auto [it, added] = classes_.try_emplace(filter_class->id);
  Class& known = it->second;
  if (!added) return known;

  const std::shared_ptr<const MessageFormat>& format = filter_class->format;
  const auto group = std::find_if(groups_.begin(), groups_.end(), [&](const auto& g) { return g->Takes(*format); });
  if (group != groups_.end()) {
    known.group = group->get();
  } else {
    known.group = groups_.emplace_back(std::make_unique<PlannedGroup>()).get();
    known.group->field = format->metadata.field;
    known.group->max_depth = format->max_depth;
    known.group->fields = format->fields;
  }
  const auto [format_index, is_new] =
      known.group->format_indexes.try_emplace(format.get(), static_cast<uint32_t>(known.group->formats.size()));
  if (is_new) known.group->formats.push_back(format);
  known.alive = filter_class;
  known.text = filter_class->looks_at_metadata() ? &known.group->augmented[format->metadata] : &known.group->raw;
  known.slot = known.text->index.Add(filter_class->filter);
  known.text->formats.push_back(format_index->second);
  known.text->guards.push_back(known.group->GuardNumber(*filter_class));
  known.text->places.push_back(0);
  return known;
}

void EvaluationPlan::Assign(const std::vector<std::shared_ptr<const FilterClass>>& classes) {
  for (PlannedText* text : texts_) {
    text->wanted.clear();
    text->filters = 0;
  }
  std::vector<PlannedText*> before;
  before.swap(texts_);
  ids_.clear();
  assigned_.clear();
  for (size_t place = 0; place < classes.size(); ++place) {
    ids_.push_back(classes[place]->id);
    const Class& planned = ClassOf(classes[place]);
    PlannedText& text = *planned.text;
    if (text.wanted.empty()) {
      texts_.push_back(&text);
      if (std::find(assigned_.begin(), assigned_.end(), planned.group) == assigned_.end()) {
        assigned_.push_back(planned.group);
      }
    }
    text.places[planned.slot] = place;
    text.wanted.push_back(planned.slot);
    if (classes[place]->filter) ++text.filters;
  }
  before.insert(before.end(), texts_.begin(), texts_.end());
  for (PlannedText* text : before) text->index.Want(text->wanted);
  raw_filter_ = MakeRawFilter(classes);
}

RawFilter EvaluationPlan::MakeRawFilter(const std::vector<std::shared_ptr<const FilterClass>>& classes) {
  if (classes.size() > RawFilter::kMostFilters) return RawFilter();
  std::vector<std::shared_ptr<const Filter>> filters;
  for (const std::shared_ptr<const FilterClass>& filter_class : classes) {
    // Filters that look at the metadata, or see less than the whole record, are not judged on its own text.
    if (filter_class->looks_at_metadata() || filter_class->format->fields) return RawFilter();
    filters.push_back(filter_class->filter);
  }
  return RawFilter(std::move(filters));
}

size_t EvaluationPlan::CountGone() const {
  return static_cast<size_t>(
      std::count_if(classes_.begin(), classes_.end(), [](const auto& entry) { return entry.second.alive.expired(); }));
}

}  // namespace kasocki
