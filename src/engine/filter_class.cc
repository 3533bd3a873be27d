#include "engine/filter_class.h"

#include <utility>

namespace kasocki {
namespace {

constexpr size_t kSweepAtLeast = 64;

template <typename Map>
void DropExpired(Map* map) {
  std::erase_if(*map, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace

std::shared_ptr<const MessageFormat> FilterClasses::Format(const std::string& name_space, const MetadataStyle& metadata,
                                                           size_t max_depth, std::shared_ptr<const FieldMask> fields) {
  std::lock_guard lock(mutex_);
  auto& slot = formats_[{name_space, metadata, max_depth, fields ? fields->canonical() : std::string()}];
  if (auto known = slot.lock()) return known;
  auto made = std::make_shared<const MessageFormat>(name_space, metadata, max_depth, std::move(fields));
  slot = made;
  return made;
}

std::shared_ptr<const FilterClass> FilterClasses::Class(std::shared_ptr<const Filter> filter, FunctionId matcher,
                                                        FunctionId decoder, std::shared_ptr<const MessageFormat> format,
                                                        std::shared_ptr<const Filter> guard) {
  if (guard && !format->fields && matcher == 0) filter = Filter::Guarded(*std::exchange(guard, nullptr), filter.get());
  const auto canonical = [](const auto& of) { return of ? of->canonical() : std::string(); };
  ClassKey key{canonical(filter), canonical(guard), matcher, decoder, format.get()};
  std::lock_guard lock(mutex_);
  if (auto it = classes_.find(key); it != classes_.end()) {
    if (auto known = it->second.lock()) return known;
  }
  // Entries of classes nobody is in any more go when as many new ones have come: the maps stay in proportion to what
  // lives.
  if (classes_.size() >= sweep_at_) {
    DropExpired(&classes_);
    DropExpired(&formats_);
    sweep_at_ = 2 * classes_.size() + kSweepAtLeast;
  }
  auto made = std::make_shared<FilterClass>();
  made->id = next_id_++;
  made->filter = std::move(filter);
  made->guard = std::move(guard);
  made->matcher = matcher;
  made->decoder = decoder;
  made->format = std::move(format);
  classes_[std::move(key)] = made;
  return made;
}

size_t FilterClasses::size() {
  std::lock_guard lock(mutex_);
  DropExpired(&classes_);
  return classes_.size();
}

}  // namespace kasocki
