// PatternGroups: which of many patterns match a text, where no literals tell them apart.
//
// They are searched for in groups, each in one pass over the text (RegexSet).
#ifndef KASOCKI_FILTER_PATTERN_GROUPS_H_
#define KASOCKI_FILTER_PATTERN_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "filter/postings.h"
#include "filter/regex.h"
#include "filter/regex_set.h"

namespace kasocki {

// The patterns outlive it. One thread.
class PatternGroups {
 public:
  using Clock = uint64_t (*)();  // nanoseconds

  PatternGroups() : PatternGroups(Now) {}
  explicit PatternGroups(Clock clock) : clock_(clock) {}

  // A new pattern is tried by itself until there are enough for a group.
  void Add(const Regex* regex, uint32_t slot);

  // Makes one group: of patterns that wait for it, or of two smaller ones. Takes some milliseconds at most. False if
  // there was nothing to do.
  bool MakeGroup();

  bool empty() const { return groups_.empty() && waiting_.empty() && demoted_.empty() && alone_.empty(); }

  // Offers the patterns that match somewhere in `text`, and those that must be tried.
  void Find(std::string_view text, Candidates* candidates);

 private:
  struct Member {
    const Regex* regex;
    uint32_t slot;
  };
  struct Group {
    std::vector<Member> members;
    std::unique_ptr<RegexSet> set;
    bool grows = true;    // may become part of a larger one
    size_t cost = 0;      // of its compilation, as Regex::cost
    size_t max_text = 0;  // bytes; a longer text is left to each pattern's own bound
    uint32_t searches = 0;
    uint32_t samples = 0;
    uint32_t slow_samples = 0;
  };

  static uint64_t Now();
  bool MakeGroupOf(std::vector<Member>* waiting, bool grows);
  bool MergeTwo();
  // Null: they are too much for one.
  static std::unique_ptr<Group> Compile(std::vector<Member> members, bool grows);
  // False: the group is no gain.
  bool Search(Group* group, std::string_view text, Candidates* candidates);
  void Sample(Group* group, std::string_view text, uint64_t together);

  const Clock clock_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<Member> waiting_;  // for a group
  std::vector<Member> demoted_;  // from a large group, wait for a small one
  std::vector<Member> alone_;    // in none, for good
  std::vector<int> matching_;
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_PATTERN_GROUPS_H_
