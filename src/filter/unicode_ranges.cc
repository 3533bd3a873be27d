#include "filter/unicode_ranges.h"

#include <re2/unicode_groups.h>

#include <algorithm>

#include "filter/wtf8.h"

namespace kasocki {

std::vector<CodePointRange> RangesOutside(const std::string_view* categories, size_t count) {
  std::vector<CodePointRange> inside;
  for (int g = 0; g < re2::num_unicode_groups; g++) {
    const re2::UGroup& group = re2::unicode_groups[g];
    if (std::find(categories, categories + count, group.name) == categories + count) continue;
    for (int i = 0; i < group.nr16; i++) inside.emplace_back(group.r16[i].lo, group.r16[i].hi);
    for (int i = 0; i < group.nr32; i++) {
      inside.emplace_back(static_cast<uint32_t>(group.r32[i].lo), static_cast<uint32_t>(group.r32[i].hi));
    }
  }
  std::sort(inside.begin(), inside.end());
  std::vector<CodePointRange> outside;
  uint32_t next = 0;
  for (const auto& [first, last] : inside) {
    if (first > next) outside.emplace_back(next, first - 1);
    next = std::max(next, last + 1);
  }
  if (next <= kMaxCodePoint) outside.emplace_back(next, kMaxCodePoint);
  return outside;
}

}  // namespace kasocki
