// FilterClass: all cursors that must get the same bytes for the same record.
//
// Cursors of one class share every evaluation and every encoded frame. Two sockets are of one class when filters,
// namespace, metadata style, cut fields and (if any) JavaScript functions are equal, however the filters were written.
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
#include "json/fields.h"

namespace kasocki {

// What is a message, and how it looks on the wire. Immutable.
struct MessageFormat {
  MessageFormat(std::string ns, MetadataStyle style, size_t depth, std::shared_ptr<const FieldMask> mask)
      : name_space(std::move(ns)),
        metadata(std::move(style)),
        max_depth(depth),
        fields(std::move(mask)),
        encoder(name_space) {}

  const std::string name_space;
  const MetadataStyle metadata;
  const size_t max_depth;                         // records nested deeper are invalid
  const std::shared_ptr<const FieldMask> fields;  // what is cut before the client's filter sees it; null: nothing
  const FrameEncoder encoder;
};

// Ids of functions in JavaScript; 0: none. Equal ids are the same function.
using FunctionId = uint32_t;

// Immutable but for its pace. Kept alive by the sessions of the class and by results made for it.
struct FilterClass {
  uint64_t id = 0;                       // never used again within a registry
  std::shared_ptr<const Filter> filter;  // null: every message
  // The server's own filter, which the whole message must pass, before anything is cut from it. Null: there is none, or
  // it is part of `filter`, because both see the same text.
  std::shared_ptr<const Filter> guard;
  FunctionId matcher = 0;  // a JavaScript matcher instead of `filter`
  FunctionId decoder = 0;  // a JavaScript deserializer instead of JSON and metadata
  std::shared_ptr<const MessageFormat> format;
  // The slow lane's, on the worker: the filter takes long, and for how many chunks it has not any more. (Results do not
  // depend on it.)
  mutable bool slow = false;
  mutable uint32_t short_in_a_row = 0;

  bool needs_javascript() const { return matcher != 0 || decoder != 0; }
  // The filter looks at the metadata member: it must be evaluated on the augmented text.
  bool looks_at_metadata() const { return LooksAtMetadata(filter); }
  bool guard_looks_at_metadata() const { return LooksAtMetadata(guard); }

 private:
  bool LooksAtMetadata(const std::shared_ptr<const Filter>& by) const {
    return by && !format->metadata.field.empty() && by->LooksAt(format->metadata.field);
  }
};

// Makes equal classes identical. Thread-safe.
class FilterClasses {
 public:
  std::shared_ptr<const MessageFormat> Format(const std::string& name_space, const MetadataStyle& metadata,
                                              size_t max_depth, std::shared_ptr<const FieldMask> fields = nullptr);
  std::shared_ptr<const FilterClass> Class(std::shared_ptr<const Filter> filter, FunctionId matcher, FunctionId decoder,
                                           std::shared_ptr<const MessageFormat> format,
                                           std::shared_ptr<const Filter> guard = nullptr);
  size_t size();

 private:
  using FormatKey = std::tuple<std::string, MetadataStyle, size_t, std::string>;
  using ClassKey = std::tuple<std::string, std::string, FunctionId, FunctionId, const MessageFormat*>;

  std::mutex mutex_;
  // Guarded by mutex_.
  uint64_t next_id_ = 1;
  size_t sweep_at_ = 0;
  std::map<FormatKey, std::weak_ptr<const MessageFormat>> formats_;
  std::map<ClassKey, std::weak_ptr<const FilterClass>> classes_;
};

}  // namespace kasocki

#endif  // KASOCKI_ENGINE_FILTER_CLASS_H_
