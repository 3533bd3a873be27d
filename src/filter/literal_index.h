// LiteralIndex: which of many patterns may match a text, by the literals that they require.
//
// A text is read once, whatever the number of literals, at some nanoseconds a byte; what is found leads to the patterns
// that are worth a search. Adding a pattern costs no more than its own literals.
#ifndef KASOCKI_FILTER_LITERAL_INDEX_H_
#define KASOCKI_FILTER_LITERAL_INDEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/id_table.h"
#include "common/siphash.h"
#include "filter/postings.h"

namespace kasocki {

// What makes hashes unpredictable: clients choose the texts.
struct IndexSeed {
  SipKey texts;
  uint64_t multiplier;  // odd, for UniversalHash

  static IndexSeed Random() {
    const SipKey texts = SipKey::Random();
    return {texts, SipKey::Random().k0 | 1};
  }
};

// `seed`, `postings` and all literals outlive it. One thread.
class LiteralIndex {
 public:
  LiteralIndex(const IndexSeed* seed, Postings* postings) : seed_(seed), postings_(postings) {}

  bool empty() const { return literals_.empty(); }

  // About how many other patterns are found with a pattern of those literals.
  size_t Load(const std::vector<std::string>& literals) const;

  // `literals` are those of Regex::literals, not empty.
  void Add(const std::vector<std::string>& literals, uint32_t slot);

  // Offers the patterns one of whose literals stands in `text`.
  void Find(std::string_view text, Candidates* candidates);

 private:
  static constexpr size_t kLongest = 4;

  // A gram's bytes and, above them, how many.
  using Gram = uint64_t;

  struct Literal {
    std::string_view text;
    uint32_t gram_at;  // where its gram stands in it
    uint32_t next;     // literal of that gram
    Postings::List patterns;
  };
  struct Key {
    Gram gram;
    uint32_t head;  // of its literals
    uint32_t size;
  };

  static Gram GramAt(const char* bytes, size_t length);
  uint32_t FindLiteral(std::string_view text) const;
  uint32_t FindGram(Gram gram) const;
  uint32_t AddLiteral(std::string_view text);
  // Where the gram of a literal stands that has the fewest literals, and how many.
  std::pair<uint32_t, uint32_t> Rarest(std::string_view literal) const;
  void Mark(Gram gram);
  void FindGrams(size_t length, std::string_view text, Candidates* candidates);

  const IndexSeed* const seed_;
  Postings* const postings_;
  std::vector<Literal> literals_;
  IdTable literal_table_;
  std::vector<Key> grams_;
  IdTable gram_table_;
  // A Bloom filter of one bit a gram, small enough for the nearest cache: most of a text stops there.
  std::vector<uint64_t> bits_;
  int bits_shift_ = 64;
  std::array<bool, kLongest + 1> lengths_{};  // of grams, in use
  std::vector<char> folded_;                  // the text at hand in lower case
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_LITERAL_INDEX_H_
