// FilterIndex: which of many filters match a text, without trying each.
//
//   FilterIndex index;
//   const uint32_t slot = index.Add(filter);
//   index.Want({slot});
//   scanner.Scan(text, &index.paths());
//   index.Match(scanner, &trials, &matching);  // the slots of those that match
//
// It gives what Filter::Matches gives for each filter alone. Filters are added one by one, each for its own cost. None is
// removed: who has many that are not needed any more begins a new index.
#ifndef KASOCKI_FILTER_FILTER_INDEX_H_
#define KASOCKI_FILTER_FILTER_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "filter/filter.h"
#include "filter/filter_run.h"
#include "filter/path_index.h"
#include "filter/postings.h"
#include "json/scanner.h"

namespace kasocki {

// Trying filters on a text, and what it showed besides which of them match.
struct FilterTrials {
  FilterRun run;
  // Set before: those that are not tried, by slot; and whether it is measured how long each takes that may take long.
  std::vector<uint32_t> given_up;
  bool timed = false;
  // Those that took more steps than their limit, how many guards in front of one did, those that took more than run's
  // patience, and the nanoseconds that were measured. Appended to.
  std::vector<uint32_t> over_budget;
  uint64_t guards_over_budget = 0;
  std::vector<uint32_t> broken_off;
  std::vector<std::pair<uint32_t, uint64_t>> times;
};

// Keeps its filters alive. One thread.
class FilterIndex {
 public:
  FilterIndex();
  FilterIndex(const FilterIndex&) = delete;
  FilterIndex& operator=(const FilterIndex&) = delete;

  // The filter's slot: 0, 1, 2 ... No filter stands for one that every text matches.
  uint32_t Add(std::shared_ptr<const Filter> filter);
  size_t size() const { return entries_.size(); }

  // What a text must be scanned with.
  const PathSet& paths() const { return paths_; }

  // From here on these are asked for, and no others. Each once.
  void Want(std::vector<uint32_t> slots);
  const std::vector<uint32_t>& wanted() const { return wanted_; }

  // Does a little of the work that many filters are worth, some milliseconds at most. To be called between texts, now and
  // then: results do not depend on it.
  void Settle();

  // Sets *matching to the slots of those wanted that match the text of the scanner's last scan. Returns how many filters
  // were tried for that.
  size_t Match(const JsonScanner& scanner, FilterTrials* trials, std::vector<uint32_t>* matching);

 private:
  struct Entry {
    std::shared_ptr<const Filter> filter;
    std::vector<size_t> ids;                    // of its paths in paths_
    size_t filed_under = Filter::kNoCondition;  // which of its conditions
  };

  void File(uint32_t slot);
  bool Matches(const Entry& entry, const JsonScanner& scanner, bool proven, FilterRun* run) const;
  void Try(uint32_t slot, const JsonScanner& scanner, bool proven, FilterTrials* trials, size_t* tried,
           std::vector<uint32_t>* matching) const;

  const IndexSeed seed_;
  std::vector<Entry> entries_;
  PathSet paths_;
  std::vector<uint32_t> wanted_;

  // The index proper, of the first `filed_` entries: made when there are enough.
  uint32_t filed_ = 0;
  Postings postings_;
  Candidates candidates_;
  Postings::List always_;                            // filters without conditions
  std::vector<std::unique_ptr<PathIndex>> by_path_;  // by path's id; null: no filter is filed there
  std::vector<uint32_t> filed_paths_;
  std::vector<uint32_t> pattern_paths_;  // those of them where groups of patterns may be made
  size_t next_to_settle_ = 0;
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_FILTER_INDEX_H_
