// Why groups.
//
// A set of patterns is one DFA that follows all of them, so a text costs one pass for the whole set: the larger the
// set, the better. What speaks against one set of all:
//
//   - It is compiled as a whole, a tenth of a millisecond a pattern, while nobody is served. So groups begin small; two
//     of about the same size become one, as long as that takes some milliseconds. A pattern is compiled a few times in
//     all, and one more does not touch the large groups.
//   - Its states are combinations of its patterns' states. Patterns that loosely begin in many places of a text at once
//     have so many combinations that states are made, thrown away and made again; then the set is slower than its
//     patterns one by one. That is not to be seen from the patterns. So now and then a group is timed against members
//     of it by themselves, on the text at hand, and one that is slower is broken up: a large one into small ones, a
//     small one for good.
#include "filter/pattern_groups.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kasocki {

namespace {

constexpr size_t kFewest = 32;      // members of a group
constexpr size_t kMaxCost = 16000;  // of its compilation, as Regex::cost
constexpr int64_t kMemoryOfMember = 64 << 10;
// As RegexLimits bounds a single search.
constexpr size_t kMaxSearchSteps = 1 << 26;

constexpr uint32_t kSampleEvery = 128;  // searches
constexpr uint32_t kSamples = 16;
constexpr uint32_t kTooSlow = 12;  // of the samples

}  // namespace

uint64_t PatternGroups::Now() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

void PatternGroups::Add(const Regex* regex, uint32_t slot) {
  // What takes a good part of a group's cost by itself is in no group.
  constexpr size_t kFewestOfCostly = 8;
  (regex->cost() * kFewestOfCostly > kMaxCost ? alone_ : waiting_).push_back({regex, slot});
}

std::unique_ptr<PatternGroups::Group> PatternGroups::Compile(std::vector<Member> members, bool grows) {
  auto group = std::make_unique<Group>();
  size_t program = 1;
  std::vector<const Regex*> regexes;
  for (const Member& member : members) {
    group->cost += member.regex->cost();
    program += member.regex->program_size();
    regexes.push_back(member.regex);
  }
  group->set = RegexSet::Compile(regexes, static_cast<int64_t>(members.size()) * kMemoryOfMember);
  if (group->set == nullptr) return nullptr;
  group->members = std::move(members);
  group->grows = grows;
  group->max_text = kMaxSearchSteps / program;
  return group;
}

bool PatternGroups::MakeGroup() {
  return MakeGroupOf(&waiting_, /*grows=*/true) || MakeGroupOf(&demoted_, /*grows=*/false) || MergeTwo();
}

bool PatternGroups::MakeGroupOf(std::vector<Member>* waiting, bool grows) {
  size_t count = 0;
  for (size_t cost = 0; count < std::min(waiting->size(), kFewest); ++count) {
    cost += (*waiting)[count].regex->cost();
    if (cost > kMaxCost) break;
  }
  // Full, or as full as it gets. Nobody comes to those who are demoted.
  if (count == 0 || (grows && count < kFewest && count == waiting->size())) return false;
  const auto end = waiting->begin() + static_cast<ptrdiff_t>(count);
  std::vector<Member> members(waiting->begin(), end);
  waiting->erase(waiting->begin(), end);
  if (auto group = Compile(members, grows)) {
    groups_.push_back(std::move(group));
  } else {
    alone_.insert(alone_.end(), members.begin(), members.end());
  }
  return true;
}

bool PatternGroups::MergeTwo() {
  // Groups that may grow stand in order of their size, so two neighbours are about equal.
  std::stable_sort(groups_.begin(), groups_.end(), [](const auto& a, const auto& b) {
    return std::pair(!a->grows, a->members.size()) < std::pair(!b->grows, b->members.size());
  });
  for (size_t i = 0; i + 1 < groups_.size(); ++i) {
    Group& one = *groups_[i];
    Group& other = *groups_[i + 1];
    if (!other.grows) return false;
    if (one.members.size() * 2 <= other.members.size() || one.cost + other.cost > kMaxCost) continue;
    std::vector<Member> members = one.members;
    members.insert(members.end(), other.members.begin(), other.members.end());
    if (auto group = Compile(std::move(members), /*grows=*/true)) {
      groups_[i] = std::move(group);
      groups_.erase(groups_.begin() + static_cast<ptrdiff_t>(i + 1));
    } else {
      one.grows = other.grows = false;
    }
    return true;
  }
  return false;
}

void PatternGroups::Find(std::string_view text, Candidates* candidates) {
  for (const std::vector<Member>* members : {&alone_, &waiting_, &demoted_}) {
    for (const Member& member : *members) candidates->Offer(member.slot, /*proven=*/false);
  }
  for (size_t i = groups_.size(); i-- > 0;) {
    if (Search(groups_[i].get(), text, candidates)) continue;
    const std::vector<Member>& members = groups_[i]->members;
    std::vector<Member>& to = members.size() > kFewest ? demoted_ : alone_;
    to.insert(to.end(), members.begin(), members.end());
    groups_.erase(groups_.begin() + static_cast<ptrdiff_t>(i));
  }
}

bool PatternGroups::Search(Group* group, std::string_view text, Candidates* candidates) {
  const std::vector<Member>& members = group->members;
  const auto wanted = [&](const Member& member) { return candidates->IsWanted(member.slot); };
  if (std::none_of(members.begin(), members.end(), wanted)) return true;
  const bool sample = ++group->searches % kSampleEvery == 0;
  const uint64_t begin = sample ? clock_() : 0;
  if (text.size() > group->max_text || !group->set->Search(text, &matching_)) {
    for (const Member& member : members) candidates->Offer(member.slot, /*proven=*/false);
    return true;
  }
  for (const int place : matching_) candidates->Offer(members[static_cast<size_t>(place)].slot, /*proven=*/true);
  if (sample) Sample(group, text, clock_() - begin);
  return group->slow_samples < kTooSlow;
}

void PatternGroups::Sample(Group* group, std::string_view text, uint64_t together) {
  // The same few members: each that searches by itself keeps states of its own.
  constexpr size_t kFew = 4;
  const Member& member = group->members[group->samples % std::min(kFew, group->members.size())];
  const uint64_t begin = clock_();
  member.regex->Search(text);
  const uint64_t alone = (clock_() - begin) * group->members.size();
  if (together > alone) ++group->slow_samples;
  if (++group->samples < kSamples || group->slow_samples >= kTooSlow) return;
  group->samples = 0;
  group->slow_samples = 0;
}

}  // namespace kasocki
