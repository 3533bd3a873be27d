#include "filter/path_index.h"

#include <algorithm>
#include <bit>

namespace kasocki {

namespace {

// A set of more members is filed among those that are always tried: an entry a member would cost more than it saves.
constexpr size_t kMostMembers = 1000;

// What stands against a condition from the start, in filters found in vain. A word is as good as always there. A literal
// of three bytes stands in many texts, one of a single byte in so many that it does not count as one.
constexpr size_t kSetCost = 1;
constexpr size_t kLiteralCost[] = {0, 0, 24, 8, 2};  // by bytes, up to four
constexpr size_t kShortestLiteral = 2;
constexpr size_t kArrayCost = 32;
constexpr size_t kPatternCost = 40;  // without a literal
constexpr size_t kWordCost = 64;
constexpr size_t kLargeSetCost = 256;

size_t WordKey(JsonKind word) { return static_cast<size_t>(word) - static_cast<size_t>(JsonKind::kNull); }

bool IsWord(JsonKind kind) { return kind == JsonKind::kNull || kind == JsonKind::kFalse || kind == JsonKind::kTrue; }

uint64_t NumberHash(double number, uint64_t multiplier) {
  // Zeros are equal.
  return UniversalHash(std::bit_cast<uint64_t>(number == 0 ? 0.0 : number), multiplier);
}

size_t ShortestLiteral(const Regex& regex) {
  size_t shortest = regex.literals().empty() ? 0 : std::size(kLiteralCost) - 1;
  for (const std::string& literal : regex.literals()) shortest = std::min(shortest, literal.size());
  return shortest;
}

}  // namespace

PathIndex::PathIndex(const IndexSeed* seed, Postings* postings)
    : seed_(seed), postings_(postings), literals_(seed, postings) {
  for (const JsonKind word : {JsonKind::kNull, JsonKind::kFalse, JsonKind::kTrue})
    keys_.push_back({word, 0, {}, {}, {}});
}

uint32_t PathIndex::FindText(std::string_view text) const {
  if ((lengths_ >> text.size() % 64 & 1) == 0) return IdTable::kNone;
  return table_.Find(SipHash(seed_->texts, text),
                     [&](uint32_t key) { return keys_[key].kind == JsonKind::kString && keys_[key].text == text; });
}

uint32_t PathIndex::FindNumber(double number) const {
  return table_.Find(NumberHash(number, seed_->multiplier),
                     [&](uint32_t key) { return keys_[key].kind == JsonKind::kNumber && keys_[key].number == number; });
}

uint32_t PathIndex::FindKey(const JsonValue& value) {
  if (value.kind == JsonKind::kString) return FindText(StringText(value, &buffer_.unescaped));
  if (value.kind == JsonKind::kNumber) return FindNumber(ParseJsonNumber(value.text));
  return IsWord(value.kind) ? static_cast<uint32_t>(WordKey(value.kind)) : IdTable::kNone;
}

uint32_t PathIndex::AddKey(uint64_t hash, const Key& key) {
  table_.Add(hash, static_cast<uint32_t>(keys_.size()));
  keys_.push_back(key);
  return static_cast<uint32_t>(keys_.size() - 1);
}

uint32_t PathIndex::KeyOfText(std::string_view text) {
  const uint32_t known = FindText(text);
  if (known != IdTable::kNone) return known;
  lengths_ |= uint64_t{1} << text.size() % 64;
  return AddKey(SipHash(seed_->texts, text), {JsonKind::kString, 0, text, {}, {}});
}

uint32_t PathIndex::KeyOfNumber(double number) {
  const uint32_t known = FindNumber(number);
  if (known != IdTable::kNone) return known;
  return AddKey(NumberHash(number, seed_->multiplier), {JsonKind::kNumber, number, {}, {}, {}});
}

template <typename Visit>
void PathIndex::ForEachMember(const ScalarSet& set, Visit visit) {
  for (const std::string& text : set.strings()) visit(KeyOfText(text));
  for (const double number : set.numbers()) visit(KeyOfNumber(number));
  for (const JsonKind word : set.words()) visit(static_cast<uint32_t>(WordKey(word)));
}

size_t PathIndex::Cost(const PathIndex* index, const Condition& condition) {
  switch (condition.test()) {
    case Condition::Test::kWord:
      return kWordCost + (index != nullptr ? index->keys_[WordKey(condition.word())].scalars.size : 0);
    case Condition::Test::kNumber:
      return index != nullptr ? index->Load(index->FindNumber(condition.number())) : 0;
    case Condition::Test::kString:
      return index != nullptr ? index->Load(index->FindText(condition.text())) : 0;
    case Condition::Test::kSet: {
      const ScalarSet& set = condition.set();
      if (set.size() > kMostMembers) return kLargeSetCost;
      if (set.size() == 0) return kArrayCost;
      size_t load = kSetCost + set.words().size() * kWordCost;
      if (index == nullptr) return load;
      for (const std::string& text : set.strings()) load += index->Load(index->FindText(text));
      for (const double number : set.numbers()) load += index->Load(index->FindNumber(number));
      return load;
    }
    case Condition::Test::kRegex: {
      const Regex& regex = condition.regex();
      const size_t shortest = ShortestLiteral(regex);
      if (shortest < kShortestLiteral) return kPatternCost;
      return kLiteralCost[shortest] + regex.literals().size() +
             (index != nullptr ? index->literals_.Load(regex.literals()) : 0);
    }
  }
  return 0;
}

void PathIndex::Add(const Condition& condition, uint32_t slot) {
  switch (condition.test()) {
    case Condition::Test::kWord:
      return postings_->Add(slot, &keys_[WordKey(condition.word())].scalars);
    case Condition::Test::kNumber:
      return postings_->Add(slot, &keys_[KeyOfNumber(condition.number())].scalars);
    case Condition::Test::kString:
      return postings_->Add(slot, &keys_[KeyOfText(condition.text())].scalars);
    case Condition::Test::kSet: {
      const ScalarSet& set = condition.set();
      if (set.size() == 0) return postings_->Add(slot, &arrays_);
      if (set.size() > kMostMembers) return postings_->Add(slot, &others_);
      // An array must have all members, so any one of them finds it: the one that finds the fewest others.
      uint32_t rarest = IdTable::kNone;
      ForEachMember(set, [&](uint32_t key) {
        postings_->Add(slot, &keys_[key].scalars);
        if (rarest == IdTable::kNone || keys_[key].elements.size < keys_[rarest].elements.size) rarest = key;
      });
      return postings_->Add(slot, &keys_[rarest].elements);
    }
    case Condition::Test::kRegex:
      if (ShortestLiteral(condition.regex()) < kShortestLiteral) return patterns_.Add(&condition.regex(), slot);
      return literals_.Add(condition.regex().literals(), slot);
  }
}

void PathIndex::FindPatterns(const JsonValue& value, Candidates* candidates) {
  if (literals_.empty() && patterns_.empty()) return;
  std::string_view text;
  if (!PatternText(value, &buffer_, &text)) return;
  if (!literals_.empty()) literals_.Find(text, candidates);
  if (!patterns_.empty()) patterns_.Find(text, candidates);
}

void PathIndex::Find(const JsonScanner& scanner, const JsonValue& value, Candidates* candidates) {
  if (value.kind == JsonKind::kMissing || value.kind == JsonKind::kObject) return;
  postings_->Offer(&others_, /*proven=*/false, candidates);
  if (value.kind != JsonKind::kArray) {
    const uint32_t key = FindKey(value);
    if (key != IdTable::kNone) postings_->Offer(&keys_[key].scalars, /*proven=*/true, candidates);
    return FindPatterns(value, candidates);
  }
  postings_->Offer(&arrays_, /*proven=*/true, candidates);
  scanner.Elements(value, &elements_);
  for (const JsonValue& element : elements_) {
    const uint32_t key = FindKey(element);
    if (key != IdTable::kNone) postings_->Offer(&keys_[key].elements, /*proven=*/false, candidates);
    FindPatterns(element, candidates);
  }
}

}  // namespace kasocki
