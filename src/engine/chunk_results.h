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

// A map by class id. A null result: somebody is working on it. The worker's alone.
class ChunkResults {
 public:
  using Result = std::shared_ptr<const Matches>;

  // Room for so many more.
  void Reserve(size_t more) {
    entries_.reserve(entries_.size() + more);
    places_.Reserve(entries_.size() + more);
  }

  bool contains(uint64_t class_id) const { return Place(class_id) != IdTable::kNone; }

  // The result of a class; null: it is not known yet.
  const Result* Find(uint64_t class_id) const {
    const uint32_t place = Place(class_id);
    return place == IdTable::kNone || entries_[place].second == nullptr ? nullptr : &entries_[place].second;
  }

  // To be set; null if it was not there.
  Result& operator[](uint64_t class_id) {
    const uint32_t place = Place(class_id);
    if (place != IdTable::kNone) return entries_[place].second;
    places_.Add(Hash(class_id), static_cast<uint32_t>(entries_.size()));
    return entries_.emplace_back(class_id, nullptr).second;
  }

  void clear() {
    entries_ = {};
    places_ = IdTable();
  }

 private:
  // Ids are counted up, not chosen by anybody: any odd number spreads them.
  static uint64_t Hash(uint64_t class_id) { return UniversalHash(class_id, 0x9E3779B97F4A7C15); }
  uint32_t Place(uint64_t class_id) const {
    return places_.Find(Hash(class_id), [&](uint32_t place) { return entries_[place].first == class_id; });
  }

  std::vector<std::pair<uint64_t, Result>> entries_;
  IdTable places_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_CHUNK_RESULTS_H_
