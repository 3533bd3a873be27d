#include "filter/pattern_cache.h"

#include <algorithm>
#include <utility>

#include "filter/filter_run.h"

namespace kasocki {

namespace {

constexpr size_t kMaxEntries = 64;
constexpr int64_t kMaxMemory = 1 << 16;  // of RE2, for each

}  // namespace

const Regex* PatternCache::Get(std::string_view pattern, bool whole, FilterRun* run) {
  if (pattern.size() > kMaxPatternBytes) return nullptr;
  auto entry = std::find_if(entries_.begin(), entries_.end(),
                            [&](const Entry& e) { return e.whole == whole && e.pattern == pattern; });
  if (entry == entries_.end()) {
    // The estimate is made before RE2 begins, so that an evaluation that can't pay does not have it done.
    Entry made;
    const auto translated = TranslateIRegexp(pattern, whole);
    const bool valid = translated.ok() && translated.value();
    made.steps = 1 + static_cast<int64_t>(valid ? translated.value()->cost : pattern.size()) * kStepsPerRegexCost;
    if (!run->Spend(made.steps)) return nullptr;
    made.pattern = pattern;
    made.whole = whole;
    made.charged_to = evaluation_;
    if (valid) {
      RegexLimits limits;
      limits.max_memory = kMaxMemory;
      auto regex = Regex::CompileIRegexp(pattern, whole, limits);
      if (regex.ok()) made.regex = std::move(regex.value());
    }
    if (entries_.size() == kMaxEntries) entries_.pop_back();
    entry = entries_.insert(entries_.begin(), std::move(made));
  } else {
    std::rotate(entries_.begin(), entry, entry + 1);
    entry = entries_.begin();
  }
  if (entry->charged_to != evaluation_) {
    entry->charged_to = evaluation_;
    if (!run->Spend(entry->steps)) return nullptr;
  }
  return entry->regex.get();
}

}  // namespace kasocki
