// PathIndex: which of many filters may match, by the value at one path.
//
// A filter is filed under one of its conditions. A value then leads to the filters whose condition it may fulfil: its
// own list for a scalar, found by hash; those of its elements for an array; for patterns see LiteralIndex.
#ifndef KASOCKI_FILTER_PATH_INDEX_H_
#define KASOCKI_FILTER_PATH_INDEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/id_table.h"
#include "filter/condition.h"
#include "filter/literal_index.h"
#include "filter/pattern_groups.h"
#include "filter/postings.h"

namespace kasocki {

// `seed` and `postings` outlive it, and so do the conditions. One thread.
class PathIndex {
 public:
  PathIndex(const IndexSeed* seed, Postings* postings);

  // What a filter under that condition would cost: about how many filters are found with it in vain. `index` may be
  // null, if there is none for the path yet.
  static size_t Cost(const PathIndex* index, const Condition& condition);

  // Files a filter under a condition.
  void Add(const Condition& condition, uint32_t slot);

  // Does a little of the work that many patterns are worth, some milliseconds at most; false if there was none to do.
  bool Settle() { return patterns_.MakeGroup(); }
  bool has_patterns() const { return !patterns_.empty(); }

  // Offers the filters whose condition `value` may fulfil, none if the value is missing. `scanner` is the one whose last
  // scan gave it.
  void Find(const JsonScanner& scanner, const JsonValue& value, Candidates* candidates);

 private:
  // A scalar that conditions ask for.
  struct Key {
    JsonKind kind;
    double number;
    std::string_view text;
    Postings::List scalars;   // wanted as the value itself
    Postings::List elements;  // wanted among an array's elements
  };

  uint32_t FindText(std::string_view text) const;
  uint32_t FindNumber(double number) const;
  // The key for a value, or kNone.
  uint32_t FindKey(const JsonValue& value);
  uint32_t KeyOfText(std::string_view text);
  uint32_t KeyOfNumber(double number);
  uint32_t AddKey(uint64_t hash, const Key& key);
  size_t Load(uint32_t key) const { return key == IdTable::kNone ? 0 : keys_[key].scalars.size; }
  void FindPatterns(const JsonValue& value, Candidates* candidates);

  // Calls visit(key) for each member of a set.
  template <typename Visit>
  void ForEachMember(const ScalarSet& set, Visit visit);

  const IndexSeed* const seed_;
  Postings* const postings_;
  std::vector<Key> keys_;   // the three words first
  IdTable table_;           // of the others
  uint64_t lengths_ = 0;    // of texts among the keys: bit n % 64
  Postings::List arrays_;   // conditions that every array may fulfil
  Postings::List others_;   // conditions that are always tried
  LiteralIndex literals_;   // of patterns that require some
  PatternGroups patterns_;  // that do not
  PatternBuffer buffer_;
  std::vector<JsonValue> elements_;
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_PATH_INDEX_H_
