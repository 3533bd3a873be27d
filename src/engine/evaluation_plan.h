// EvaluationPlan: filter classes sorted by what they are judged on.
//
// Classes come and go while others stay, so a plan grows by those that are new to it and is not made again: it knows
// more classes than an evaluation asks for. It keeps the filters of classes that are gone until it is thrown away.
#ifndef KASOCKI_ENGINE_EVALUATION_PLAN_H_
#define KASOCKI_ENGINE_EVALUATION_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/filter_class.h"
#include "filter/filter_index.h"
#include "filter/raw_filter.h"

namespace kasocki {

inline constexpr uint32_t kNoGuard = UINT32_MAX;

// Filters that are judged on the same text.
struct PlannedText {
  FilterIndex index;
  std::vector<uint32_t> formats;  // by the index's slot: in the group's list
  std::vector<uint32_t> guards;   // by slot: the guard's number in the group, or kNoGuard

  // Of the evaluation at hand.
  std::vector<size_t> places;  // by slot: in the list of classes that was assigned
  std::vector<uint32_t> wanted;
  size_t filters = 0;  // of those wanted that are filters at all
};

// Guards that are judged on the same text, before anything is cut from it. All are always wanted: they are few.
struct PlannedGuards {
  FilterIndex index;
  std::vector<uint32_t> numbers;  // by the index's slot: in the group
};

// Classes for which a record is scanned in the same way.
struct PlannedGroup {
  bool Takes(const MessageFormat& format) const;
  // Equal guards have one number, and are judged once.
  uint32_t GuardNumber(const FilterClass& filter_class);
  // Lets the indexes settle.
  void Settle();

  std::string field;  // the metadata's
  size_t max_depth = 0;
  std::shared_ptr<const FieldMask> fields;  // null: nothing is cut
  std::vector<std::shared_ptr<const MessageFormat>> formats;
  std::unordered_map<const MessageFormat*, uint32_t> format_indexes;
  PlannedText raw;                                 // judged on the record's own text
  std::map<MetadataStyle, PlannedText> augmented;  // judged on the text with metadata

  // Where fields are cut.
  PlannedGuards guards;
  std::map<MetadataStyle, PlannedGuards> augmented_guards;
  std::map<std::pair<std::string, MetadataStyle>, uint32_t> guard_numbers;
};

// One thread.
class EvaluationPlan {
 public:
  EvaluationPlan() = default;
  EvaluationPlan(const EvaluationPlan&) = delete;
  EvaluationPlan& operator=(const EvaluationPlan&) = delete;

  // Whether it was these that were assigned last.
  bool IsAssigned(const std::vector<std::shared_ptr<const FilterClass>>& classes) const;

  // From here on these are asked for, each once. They are native ones.
  void Assign(const std::vector<std::shared_ptr<const FilterClass>>& classes);

  // Groups of which something is asked for.
  const std::vector<PlannedGroup*>& assigned() const { return assigned_; }

  // A record whose own text this refuses is matched by none of them.
  RawFilter& raw_filter() { return raw_filter_; }

  size_t size() const { return classes_.size(); }
  // How many of its classes nobody is in any more.
  size_t CountGone() const;

 private:
  struct Class {
    std::weak_ptr<const FilterClass> alive;
    PlannedGroup* group;
    PlannedText* text;
    uint32_t slot;
  };

  Class& ClassOf(const std::shared_ptr<const FilterClass>& filter_class);
  static RawFilter MakeRawFilter(const std::vector<std::shared_ptr<const FilterClass>>& classes);

  std::vector<std::unique_ptr<PlannedGroup>> groups_;
  std::unordered_map<uint64_t, Class> classes_;  // by id
  std::vector<uint64_t> ids_;                    // of those assigned
  std::vector<PlannedText*> texts_;              // that have some of them
  std::vector<PlannedGroup*> assigned_;
  RawFilter raw_filter_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_EVALUATION_PLAN_H_
