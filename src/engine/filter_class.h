// FilterClass: all cursors that must get the same bytes for the same record.
//
// Cursors of one class share every evaluation and every encoded frame. Two sockets are of one class when filter,
// namespace, metadata style and (if any) JavaScript functions are equal, however the filters were written.
#ifndef KASOCKI_ENGINE_FILTER_CLASS_H_
#define KASOCKI_ENGINE_FILTER_CLASS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "encode/frame.h"
#include "filter/filter.h"
#include "json/augment.h"

namespace kasocki {

// What is a message, and how it looks on the wire. Immutable.
struct MessageFormat {
  MessageFormat(std::string ns, MetadataStyle style, size_t depth)
      : name_space(std::move(ns)), metadata(std::move(style)), max_depth(depth), encoder(name_space) {}

  const std::string name_space;
  const MetadataStyle metadata;
  const size_t max_depth;  // records nested deeper are invalid
  const FrameEncoder encoder;
};

// Ids of functions in JavaScript; 0: none. Equal ids are the same function.
using FunctionId = uint32_t;

// Immutable but for its pace. Kept alive by the sessions of the class and by results made for it.
struct FilterClass {
  uint64_t id = 0;                       // never used again within a registry
  std::shared_ptr<const Filter> filter;  // null: every message
  FunctionId matcher = 0;                // a JavaScript matcher instead of `filter`
  FunctionId decoder = 0;                // a JavaScript deserializer instead of JSON and metadata
  std::shared_ptr<const MessageFormat> format;
  // The slow lane's, on the worker: the filter takes long, and for how many chunks it has not any more. (Results do not
  // depend on it.)
  mutable bool slow = false;
  mutable uint32_t short_in_a_row = 0;

  bool needs_javascript() const { return matcher != 0 || decoder != 0; }
  // The filter looks at the metadata member: it must be evaluated on the augmented text.
  bool looks_at_metadata() const {
    return filter && !format->metadata.field.empty() && filter->LooksAt(format->metadata.field);
  }
};

// Makes equal classes identical. Thread-safe.
class FilterClasses {
 public:
  std::shared_ptr<const MessageFormat> Format(const std::string& name_space, const MetadataStyle& metadata,
                                              size_t max_depth);
  std::shared_ptr<const FilterClass> Class(std::shared_ptr<const Filter> filter, FunctionId matcher, FunctionId decoder,
                                           std::shared_ptr<const MessageFormat> format);
  size_t size();

 private:
  using FormatKey = std::tuple<std::string, MetadataStyle, size_t>;
  using ClassKey = std::tuple<std::string, FunctionId, FunctionId, const MessageFormat*>;

  std::mutex mutex_;
  // Guarded by mutex_.
  uint64_t next_id_ = 1;
  size_t sweep_at_ = 0;
  std::map<FormatKey, std::weak_ptr<const MessageFormat>> formats_;
  std::map<ClassKey, std::weak_ptr<const FilterClass>> classes_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_FILTER_CLASS_H_
