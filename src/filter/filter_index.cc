#include "filter/filter_index.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "filter/condition.h"

namespace kasocki {

namespace {

// So few are tried one by one: finding them takes as long.
constexpr size_t kFew = 8;
// Paths of which Settle asks whether there is something to do.
constexpr size_t kLooks = 4;

}  // namespace

FilterIndex::FilterIndex() : seed_(IndexSeed::Random()) {}

uint32_t FilterIndex::Add(std::shared_ptr<const Filter> filter) {
  Entry& entry = entries_.emplace_back();
  if (filter != nullptr) {
    entry.ids.reserve(filter->paths().size());
    for (const JsonPath& path : filter->paths()) entry.ids.push_back(paths_.Add(path));
  }
  entry.filter = std::move(filter);
  return static_cast<uint32_t>(entries_.size() - 1);
}

void FilterIndex::Want(std::vector<uint32_t> slots) {
  for (const uint32_t slot : wanted_) candidates_.SetWanted(slot, false);
  wanted_ = std::move(slots);
  for (const uint32_t slot : wanted_) candidates_.SetWanted(slot, true);
  if (wanted_.size() <= kFew) return;
  while (filed_ < entries_.size()) File(filed_++);
}

// Files a filter under the condition that finds it least often in vain.
void FilterIndex::File(uint32_t slot) {
  Entry& entry = entries_[slot];
  const size_t count = entry.filter != nullptr ? entry.filter->conditions().size() : 0;
  if (count == 0) return postings_.Add(slot, &always_);
  by_path_.resize(paths_.size());
  size_t best = 0;
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < count; ++i) {
    const size_t cost = PathIndex::Cost(by_path_[entry.ids[i]].get(), entry.filter->conditions()[i]);
    if (cost >= least) continue;
    least = cost;
    best = i;
  }
  std::unique_ptr<PathIndex>& index = by_path_[entry.ids[best]];
  if (index == nullptr) {
    index = std::make_unique<PathIndex>(&seed_, &postings_);
    filed_paths_.push_back(static_cast<uint32_t>(entry.ids[best]));
  }
  const bool had_patterns = index->has_patterns();
  index->Add(entry.filter->conditions()[best], slot);
  if (index->has_patterns() && !had_patterns) pattern_paths_.push_back(static_cast<uint32_t>(entry.ids[best]));
  entry.filed_under = best;
}

void FilterIndex::Settle() {
  for (size_t n = std::min(kLooks, pattern_paths_.size()); n > 0; --n) {
    next_to_settle_ %= pattern_paths_.size();
    if (by_path_[pattern_paths_[next_to_settle_]]->Settle()) return;
    ++next_to_settle_;
  }
}

bool FilterIndex::Matches(const Entry& entry, const JsonScanner& scanner, bool proven, FilterRun* run) const {
  const size_t known = proven ? entry.filed_under : Filter::kNoCondition;
  return entry.filter->Matches(scanner, scanner.values(), entry.ids, run, known);
}

void FilterIndex::Try(uint32_t slot, const JsonScanner& scanner, bool proven, FilterTrials* trials, size_t* tried,
                      std::vector<uint32_t>* matching) const {
  const Entry& entry = entries_[slot];
  if (entry.filter == nullptr) return matching->push_back(slot);
  const std::vector<uint32_t>& given_up = trials->given_up;
  if (!given_up.empty() && std::find(given_up.begin(), given_up.end(), slot) != given_up.end()) return;
  ++*tried;
  bool matches;
  if (!trials->timed || entry.filter->is_cheap()) {
    matches = Matches(entry, scanner, proven, &trials->run);
  } else {
    const auto begin = std::chrono::steady_clock::now();
    matches = Matches(entry, scanner, proven, &trials->run);
    const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - begin;
    trials->times.emplace_back(slot, static_cast<uint64_t>(taken.count()));
  }
  if (trials->run.guard_over_budget()) {
    ++trials->guards_over_budget;
  } else if (trials->run.over_budget()) {
    trials->over_budget.push_back(slot);
  }
  if (trials->run.broken_off()) trials->broken_off.push_back(slot);
  if (matches) matching->push_back(slot);
}

size_t FilterIndex::Match(const JsonScanner& scanner, FilterTrials* trials, std::vector<uint32_t>* matching) {
  matching->clear();
  size_t tried = 0;
  if (wanted_.size() <= kFew) {
    for (const uint32_t slot : wanted_) Try(slot, scanner, /*proven=*/false, trials, &tried, matching);
    return tried;
  }
  candidates_.Clear();
  postings_.Offer(&always_, /*proven=*/false, &candidates_);
  const std::vector<JsonValue>& values = scanner.values();
  for (const uint32_t path : filed_paths_) {
    if (values[path].kind != JsonKind::kMissing) by_path_[path]->Find(scanner, values[path], &candidates_);
  }
  for (const auto& [slot, proven] : candidates_.found()) Try(slot, scanner, proven, trials, &tried, matching);
  return tried;
}

}  // namespace kasocki
