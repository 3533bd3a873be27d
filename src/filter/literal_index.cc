// How literals are found.
//
// Each is filed under one gram, four bytes in a row of it, or all of it if it is shorter: the gram that the fewest
// others are filed under. At each place of a text the gram there is looked up; where literals are filed under it the
// rest of them is compared. This is Rabin and Karp's search with a window that fits a machine word. An automaton of Aho
// and Corasick would find the same in one step a byte, but has to be built anew for each literal that comes.
#include "filter/literal_index.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "filter/literals.h"

namespace kasocki {

namespace {

constexpr size_t kBitsPerGram = 16;  // of the places of a text without a gram one in so many goes on to the table
constexpr size_t kFewestBits = 512;

}  // namespace

LiteralIndex::Gram LiteralIndex::GramAt(const char* bytes, size_t length) {
  uint32_t word = 0;
  std::memcpy(&word, bytes, length);
  return word | Gram{length} << 32;
}

uint32_t LiteralIndex::FindLiteral(std::string_view text) const {
  return literal_table_.Find(SipHash(seed_->texts, text), [&](uint32_t id) { return literals_[id].text == text; });
}

uint32_t LiteralIndex::FindGram(Gram gram) const {
  return gram_table_.Find(UniversalHash(gram, seed_->multiplier), [&](uint32_t id) { return grams_[id].gram == gram; });
}

std::pair<uint32_t, uint32_t> LiteralIndex::Rarest(std::string_view literal) const {
  const size_t length = std::min(literal.size(), kLongest);
  std::pair<uint32_t, uint32_t> rarest(0, UINT32_MAX);
  for (size_t i = 0; i + length <= literal.size(); ++i) {
    const uint32_t id = FindGram(GramAt(literal.data() + i, length));
    const uint32_t load = id == IdTable::kNone ? 0 : grams_[id].size;
    // Of equals the last: beginnings are what patterns share.
    if (load <= rarest.second) rarest = {static_cast<uint32_t>(i), load};
  }
  return rarest;
}

size_t LiteralIndex::Load(const std::vector<std::string>& literals) const {
  size_t load = 0;
  for (const std::string& literal : literals) {
    const uint32_t id = FindLiteral(literal);
    if (id != IdTable::kNone) load += literals_[id].patterns.size;
  }
  return load;
}

void LiteralIndex::Mark(Gram gram) {
  const uint64_t bit = UniversalHash(gram, seed_->multiplier) >> bits_shift_;
  bits_[bit / 64] |= uint64_t{1} << bit % 64;
}

uint32_t LiteralIndex::AddLiteral(std::string_view text) {
  const uint32_t gram_at = Rarest(text).first;
  const Gram gram = GramAt(text.data() + gram_at, std::min(text.size(), kLongest));
  uint32_t key = FindGram(gram);
  if (key == IdTable::kNone) {
    key = static_cast<uint32_t>(grams_.size());
    grams_.push_back({gram, IdTable::kNone, 0});
    gram_table_.Add(UniversalHash(gram, seed_->multiplier), key);
    lengths_[gram >> 32] = true;
    if (grams_.size() * kBitsPerGram <= bits_.size() * 64) {
      Mark(gram);
    } else {
      bits_.assign(std::max(2 * bits_.size(), kFewestBits / 64), 0);
      bits_shift_ = 64 - std::countr_zero(bits_.size() * 64);
      for (const Key& known : grams_) Mark(known.gram);
    }
  }
  const auto id = static_cast<uint32_t>(literals_.size());
  literals_.push_back({text, gram_at, grams_[key].head, {}});
  grams_[key].head = id;
  ++grams_[key].size;
  literal_table_.Add(SipHash(seed_->texts, text), id);
  return id;
}

void LiteralIndex::Add(const std::vector<std::string>& literals, uint32_t slot) {
  for (const std::string& literal : literals) {
    uint32_t id = FindLiteral(literal);
    if (id == IdTable::kNone) id = AddLiteral(literal);
    postings_->Add(slot, &literals_[id].patterns);
  }
}

void LiteralIndex::Find(std::string_view text, Candidates* candidates) {
  if (folded_.size() < text.size() + kLongest) folded_.resize(text.size() + kLongest);
  FoldAscii(text.data(), text.size(), folded_.data());
  const std::string_view folded(folded_.data(), text.size());
  for (size_t length = 1; length <= kLongest; ++length) {
    if (lengths_[length] && text.size() >= length) FindGrams(length, folded, candidates);
  }
}

void LiteralIndex::FindGrams(size_t length, std::string_view text, Candidates* candidates) {
  const int others = static_cast<int>(8 * (kLongest - length));  // bits of a word behind the gram
  const uint32_t mask = std::endian::native == std::endian::little ? ~0u >> others : ~0u << others;
  const uint64_t multiplier = seed_->multiplier;
  const uint64_t* const bits = bits_.data();
  const int shift = bits_shift_;
  const size_t end = text.size() - length + 1;
  for (size_t i = 0; i < end; ++i) {
    uint32_t word;
    std::memcpy(&word, text.data() + i, sizeof(word));
    const Gram gram = (word & mask) | Gram{length} << 32;
    const uint64_t bit = UniversalHash(gram, multiplier) >> shift;
    if ((bits[bit / 64] >> bit % 64 & 1) == 0) continue;
    const uint32_t key = FindGram(gram);
    if (key == IdTable::kNone) continue;
    for (uint32_t id = grams_[key].head; id != IdTable::kNone; id = literals_[id].next) {
      Literal& literal = literals_[id];
      if (i < literal.gram_at || i - literal.gram_at + literal.text.size() > text.size()) continue;
      if (std::memcmp(text.data() + i - literal.gram_at, literal.text.data(), literal.text.size()) != 0) continue;
      postings_->Offer(&literal.patterns, /*proven=*/false, candidates);
    }
  }
}

}  // namespace kasocki
