// ChunkResults: what each filter class gets out of one chunk, as far as it is known.
#ifndef KASOCKI_ENGINE_CHUNK_RESULTS_H_
#define KASOCKI_ENGINE_CHUNK_RESULTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/id_table.h"
#include "engine/matches.h"

namespace kasocki {

// A map by class id. The worker's alone.
class ChunkResults {
 public:
  using Result = std::shared_ptr<const Matches>;

  // Room for so many more.
  void Reserve(size_t more) {
    entries_.reserve(entries_.size() + more);
    places_.Reserve(entries_.size() + more);
  }

  // The result of a class; null: it is not known yet.
  const Result* Find(uint64_t class_id) const {
    const uint32_t place = Place(class_id);
    return place == IdTable::kNone || entries_[place].result == nullptr ? nullptr : &entries_[place].result;
  }

  // Notes that somebody is working on it. False: so it was before.
  bool Ask(uint64_t class_id) { return !std::exchange(At(class_id).asked, true); }

  // Nobody is: who needs it asks again.
  void Unask(uint64_t class_id) { At(class_id).asked = false; }

  void Set(uint64_t class_id, Result result) { At(class_id).result = std::move(result); }

  void clear() {
    entries_ = {};
    places_ = IdTable();
  }

 private:
  struct Entry {
    uint64_t class_id = 0;
    Result result;
    bool asked = false;
  };

  Entry& At(uint64_t class_id) {
    const uint32_t place = Place(class_id);
    if (place != IdTable::kNone) return entries_[place];
    places_.Add(Hash(class_id), static_cast<uint32_t>(entries_.size()));
    return entries_.emplace_back(Entry{class_id, nullptr});
  }

  // Ids are counted up, not chosen by anybody: any odd number spreads them.
  static uint64_t Hash(uint64_t class_id) { return UniversalHash(class_id, 0x9E3779B97F4A7C15); }
  uint32_t Place(uint64_t class_id) const {
    return places_.Find(Hash(class_id), [&](uint32_t place) { return entries_[place].class_id == class_id; });
  }

  std::vector<Entry> entries_;
  IdTable places_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_CHUNK_RESULTS_H_
