// IdTable: a hash table of small numbers, the ids of things that its user keeps.
//
// The user hashes a key and says whether an id's key is equal to it. Hashes must be good in their upper half: SipHash,
// or a product with an odd random number (UniversalHash).
#ifndef KASOCKI_COMMON_ID_TABLE_H_
#define KASOCKI_COMMON_ID_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kasocki {

// A hash of keys of one word. Whatever keys are chosen, two of them collide with a chance of 2 in the table's size, as
// long as the multiplier is not known (Dietzfelbinger and others, 1997). `multiplier` is odd and random.
inline uint64_t UniversalHash(uint64_t key, uint64_t multiplier) { return key * multiplier; }

// Copyable; used by one thread.
class IdTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  size_t size() const { return size_; }

  // The id with that hash of which `equal(id)` is true, or kNone.
  template <typename Equal>
  uint32_t Find(uint64_t hash, Equal&& equal) const {
    if (entries_.empty()) return kNone;
    const uint32_t tag = Tag(hash);
    for (size_t i = tag >> shift_;; i = (i + 1) & (entries_.size() - 1)) {
      const Entry& entry = entries_[i];
      if (entry.id == kNone) return kNone;
      if (entry.tag == tag && equal(entry.id)) return entry.id;
    }
  }

  // Room for so many in all.
  void Reserve(size_t size) {
    size_t entries = std::max(entries_.size(), kFewest);
    while (size * 2 > entries) entries *= 2;
    if (entries > entries_.size()) Resize(entries);
  }

  // Adds an id whose key is not in the table yet.
  void Add(uint64_t hash, uint32_t id) {
    if (size_ * 2 >= entries_.size()) Resize(entries_.empty() ? kFewest : 2 * entries_.size());
    Place({Tag(hash), id});
    ++size_;
  }

 private:
  static constexpr size_t kFewest = 4;  // entries

  struct Entry {
    uint32_t tag = 0;
    uint32_t id = kNone;
  };

  static uint32_t Tag(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

  void Place(Entry entry) {
    size_t i = entry.tag >> shift_;
    while (entries_[i].id != kNone) i = (i + 1) & (entries_.size() - 1);
    entries_[i] = entry;
  }

  void Resize(size_t entries) {
    std::vector<Entry> old(entries);
    old.swap(entries_);
    shift_ = 32;
    for (size_t n = entries_.size(); n > 1; n /= 2) --shift_;
    for (const Entry& entry : old) {
      if (entry.id != kNone) Place(entry);
    }
  }

  std::vector<Entry> entries_;  // a power of two of them, at most half in use
  int shift_ = 32;              // an entry's first place is the upper bits of its tag
  size_t size_ = 0;
};

}  // namespace kasocki

#endif  // KASOCKI_COMMON_ID_TABLE_H_
