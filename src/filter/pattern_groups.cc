// Why groups, and why small ones.
//
// A set of patterns is one DFA that follows all of them, so a text costs one pass for the whole set. But its states are
// combinations of its patterns' states. Patterns that loosely begin in many places of a text at once have so many
// combinations that states are made, thrown away and made again: then the set is slower than its patterns one by one,
// and what it takes to get there is not to be seen from the patterns. A set also has to be compiled as a whole, milli-
// seconds for some dozen patterns, in which nobody is served. So patterns are put into groups of some dozens; a new one
// costs no more than its own group; and now and then a group is timed against a member of it by itself, on the text at
// hand. One that is slower is dissolved.
#include "filter/pattern_groups.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kasocki {

namespace {

constexpr size_t kMembers = 32;
// Of a group: what its compilation takes, as Regex::cost. What comes near it by itself is in no group.
constexpr size_t kMaxCost = 16000;
constexpr int64_t kMaxMemory = 2 << 20;
// As RegexLimits bounds a single search.
constexpr size_t kMaxSearchSteps = 1 << 26;

constexpr uint32_t kSampleEvery = 128;  // searches
constexpr uint32_t kSamples = 16;
constexpr uint32_t kTooSlow = 12;  // of the samples

uint64_t Nanoseconds() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

}  // namespace

void PatternGroups::Add(const Regex* regex, uint32_t slot) {
  (regex->cost() * kMembers / 4 > kMaxCost ? alone_ : waiting_).push_back({regex, slot});
}

bool PatternGroups::MakeGroup() {
  size_t cost = 0;
  size_t program = 0;
  size_t count = 0;
  std::vector<const Regex*> regexes;
  for (; count < waiting_.size() && count < kMembers; ++count) {
    const Regex* regex = waiting_[count].regex;
    if (cost + regex->cost() > kMaxCost) break;
    cost += regex->cost();
    program += regex->program_size();
    regexes.push_back(regex);
  }
  // Full, or as full as it gets.
  if (count < kMembers && count == waiting_.size()) return false;
  std::vector<Member> members(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
  std::unique_ptr<RegexSet> set = RegexSet::Compile(regexes, kMaxMemory);
  if (set == nullptr) {
    alone_.insert(alone_.end(), members.begin(), members.end());
  } else {
    groups_.push_back({std::move(members), std::move(set), kMaxSearchSteps / (program + 1)});
  }
  return true;
}

void PatternGroups::Find(std::string_view text, Candidates* candidates) {
  for (const Member& member : alone_) candidates->Offer(member.slot);
  for (const Member& member : waiting_) candidates->Offer(member.slot);
  for (size_t i = groups_.size(); i-- > 0;) {
    if (Search(&groups_[i], text, candidates)) continue;
    alone_.insert(alone_.end(), groups_[i].members.begin(), groups_[i].members.end());
    groups_[i] = std::move(groups_.back());
    groups_.pop_back();
  }
}

bool PatternGroups::Search(Group* group, std::string_view text, Candidates* candidates) {
  const std::vector<Member>& members = group->members;
  const auto wanted = [&](const Member& member) { return candidates->IsWanted(member.slot); };
  if (std::none_of(members.begin(), members.end(), wanted)) return true;
  const bool sample = ++group->searches % kSampleEvery == 0;
  const uint64_t begin = sample ? Nanoseconds() : 0;
  if (text.size() > group->max_text || !group->set->Search(text, &matching_)) {
    for (const Member& member : members) candidates->Offer(member.slot);
    return true;
  }
  for (const int place : matching_) candidates->Offer(members[static_cast<size_t>(place)].slot);
  if (sample) Sample(group, text, Nanoseconds() - begin);
  return group->slow_samples < kTooSlow;
}

void PatternGroups::Sample(Group* group, std::string_view text, uint64_t together) {
  // The same few members: each that searches by itself keeps states of its own.
  constexpr size_t kFew = 4;
  const Member& member = group->members[group->samples % std::min(kFew, group->members.size())];
  const uint64_t begin = Nanoseconds();
  member.regex->Search(text);
  const uint64_t alone = (Nanoseconds() - begin) * group->members.size();
  if (together > alone) ++group->slow_samples;
  if (++group->samples < kSamples || group->slow_samples >= kTooSlow) return;
  group->samples = 0;
  group->slow_samples = 0;
}

}  // namespace kasocki
