// Postings: which filters a key leads to. Candidates: those that a text led to.
//
// Both know filters by slots, small numbers that a FilterIndex gives.
#ifndef KASOCKI_FILTER_POSTINGS_H_
#define KASOCKI_FILTER_POSTINGS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kasocki {

// The slots that are worth an evaluation on the text at hand, each once. One thread.
class Candidates {
 public:
  struct Found {
    uint32_t slot;
    bool proven;  // what the filter is filed under does hold; otherwise it may
  };

  // A slot is offered in vain as long as it is not wanted.
  void SetWanted(uint32_t slot, bool wanted) {
    if (slot >= slots_.size()) slots_.resize(slot + 1);
    slots_[slot].wanted = wanted;
  }

  bool IsWanted(uint32_t slot) const { return slot < slots_.size() && slots_[slot].wanted; }

  // Begins with a new text.
  void Clear() {
    found_.clear();
    ++text_;
  }

  void Offer(uint32_t slot, bool proven) {
    Slot& state = slots_[slot];
    if (!state.wanted || state.text == text_) return;
    state.text = text_;
    found_.push_back({slot, proven});
  }

  const std::vector<Found>& found() const { return found_; }

  // The number of the text, 1 and up.
  uint64_t text() const { return text_; }

 private:
  struct Slot {
    uint64_t text : 63 = 0;  // the last that it was found for
    uint64_t wanted : 1 = 0;
  };

  std::vector<Slot> slots_;
  std::vector<Found> found_;
  uint64_t text_ = 0;
};

// Lists of slots, all in one array: most are short, and there are many. One thread.
class Postings {
 public:
  struct List {
    uint32_t head = UINT32_MAX;
    uint32_t size = 0;
    uint64_t text = 0;  // the last that it was offered for
  };

  // Adds a slot; does nothing if it is the one that was added last.
  void Add(uint32_t slot, List* list) {
    if (list->size > 0 && links_[list->head].slot == slot) return;
    links_.push_back({slot, list->head});
    list->head = static_cast<uint32_t>(links_.size() - 1);
    ++list->size;
  }

  // Offers all of a list, once for a text however often it is asked.
  void Offer(List* list, bool proven, Candidates* candidates) const {
    if (list->text == candidates->text()) return;
    list->text = candidates->text();
    for (uint32_t link = list->head; link != UINT32_MAX; link = links_[link].next) {
      candidates->Offer(links_[link].slot, proven);
    }
  }

 private:
  struct Link {
    uint32_t slot;
    uint32_t next;
  };

  std::vector<Link> links_;
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_POSTINGS_H_
