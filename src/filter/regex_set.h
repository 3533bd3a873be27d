// RegexSet: several regular expressions searched for in one pass over a text.
//
// re2/set.h is included by regex_set.cc alone.
#ifndef KASOCKI_FILTER_REGEX_SET_H_
#define KASOCKI_FILTER_REGEX_SET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "filter/regex.h"

namespace kasocki {

// Immutable and thread-safe.
class RegexSet {
 public:
  // `max_memory`: bytes that RE2 may use for program and states together. Null if that is not enough.
  static std::unique_ptr<RegexSet> Compile(const std::vector<const Regex*>& regexes, int64_t max_memory);
  ~RegexSet();

  // Sets *matching to the places of those that match somewhere in `text` (as Regex::Search, but for its bound on the
  // text's length). False if that could not be told: states took too much memory.
  bool Search(std::string_view text, std::vector<int>* matching) const;

 private:
  struct Impl;
  explicit RegexSet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_REGEX_SET_H_
