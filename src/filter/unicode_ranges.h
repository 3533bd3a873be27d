// The code points that RE2's tables have in no Unicode category.
//
// RE2's internal header unicode_groups.h is included by unicode_ranges.cc alone.
#ifndef KASOCKI_FILTER_UNICODE_RANGES_H_
#define KASOCKI_FILTER_UNICODE_RANGES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace kasocki {

// First and last.
using CodePointRange = std::pair<uint32_t, uint32_t>;

// The code points in none of the categories, by RE2's names ("L", "Cc"), in order. Takes some ten microseconds.
// Thread-safe.
std::vector<CodePointRange> RangesOutside(const std::string_view* categories, size_t count);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_UNICODE_RANGES_H_
