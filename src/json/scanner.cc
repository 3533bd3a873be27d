// Why not a parser of simdjson: both of its front ends differ from JSON.parse (DOM refuses integers beyond 64 bits,
// 1e400 and lone surrogates; On-Demand lets pass what it did not look at; both accept a byte order mark and give the
// first of duplicate names). What a record costs is finding its structure and checking its UTF-8, and that is
// simdjson's first stage alone. It leaves four things to us:
//
//   - escape sequences. They need no knowledge of where strings are: a backslash outside of one is an error anyway, which
//     the walk finds, and `\"` never ends one. So one search over the whole text checks them, or finds that there are none.
//   - the grammar of tokens and their order, and the paths: walker.cc.
//   - what its index calls structure is a superset: form feed and U+001A look like operators to its SIMD classification.
//     The walk compares the bytes themselves.
//   - where the fault is, if the first stage finds one: it says only that there is one. fault.cc looks for it.

#include "json/scanner.h"

#include <simdjson.h>

#include <algorithm>

#include "json/document.h"
#include "json/fault.h"
#include "json/path_trie.h"
#include "json/token.h"
#include "json/walker.h"

namespace kasocki {

namespace {

constexpr size_t kInitialCapacity = 16 * 1024;

}  // namespace

struct JsonScanner::Impl {
  explicit Impl(size_t max_depth) : walker(max_depth) {}

  // Makes room for the index of a text of that length; false if there is none.
  bool Reserve(size_t length) {
    if (length > simdjson::SIMDJSON_MAXSIZE_BYTES) return false;
    if (stage1 != nullptr && length <= stage1->capacity()) return true;
    size_t capacity = std::max(length, kInitialCapacity);
    if (stage1 != nullptr) capacity = std::max(capacity, 2 * stage1->capacity());
    capacity = std::min<size_t>(capacity, simdjson::SIMDJSON_MAXSIZE_BYTES);
    // The depth is that of simdjson's second stage, which does not run here.
    if (stage1 == nullptr) {
      return simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 0, stage1) ==
             simdjson::SUCCESS;
    }
    return stage1->set_capacity(capacity) == simdjson::SUCCESS;
  }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1;
  JsonIndex index;
  JsonWalker walker;
  JsonDocument document;
  bool has_document = false;  // of the text at hand
};

JsonScanner::JsonScanner(size_t max_depth) : impl_(std::make_unique<Impl>(max_depth)) {}
JsonScanner::~JsonScanner() = default;

JsonVerdict JsonScanner::Scan(std::string_view text, const PathSet* paths, std::string_view watched) {
  JsonWalker& walker = impl_->walker;
  walker.Start(paths != nullptr ? &paths->trie() : nullptr, watched, &values_, &members_);
  impl_->has_document = false;
  reason_.clear();
  const auto invalid = [this](const char* fault, size_t position) {
    reason_.append(fault).append(" at byte ").append(std::to_string(position));
    return JsonVerdict::kInvalid;
  };

  if (text.empty()) return invalid("no value", 0);
  if (!impl_->Reserve(text.size())) return invalid("too large", 0);
  const auto& stage1 = impl_->stage1;
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const simdjson::error_code error = stage1->stage1(bytes, text.size(), simdjson::stage1_mode::regular);
  if (error == simdjson::EMPTY) return invalid("no value", text.size());
  if (error != simdjson::SUCCESS) {
    const TextFault fault = FindTextFault(text);
    return invalid(fault.what, fault.position);
  }

  JsonIndex& index = impl_->index;
  index.text = text.data();
  index.length = text.size();
  index.positions = stage1->structural_indexes.get();
  index.count = stage1->n_structural_indexes;
  index.escapes = false;
  const char* const end = text.data() + text.size();
  const void* backslash = std::memchr(text.data(), '\\', text.size());
  if (backslash != nullptr) {
    index.escapes = true;
    const char* bad = FindBadEscape(static_cast<const char*>(backslash), end);
    if (bad != nullptr) return invalid("invalid escape", static_cast<size_t>(bad - text.data()));
  }

  if (!walker.Walk(index)) return invalid(walker.fault(), walker.fault_position());
  switch (text[index.positions[0]]) {
    case '{':
      return JsonVerdict::kObject;
    case '[':
      return JsonVerdict::kArray;
    default:
      return JsonVerdict::kScalar;
  }
}

const JsonIndex& JsonScanner::index() const { return impl_->index; }

JsonKind JsonScanner::root_kind() const { return KindOf(impl_->index.text[impl_->index.positions[0]]); }

const JsonDocument& JsonScanner::document() const {
  if (!impl_->has_document) impl_->document.Build(impl_->index);
  impl_->has_document = true;
  return impl_->document;
}

void JsonScanner::Elements(const JsonValue& array, std::vector<JsonValue>* elements) const {
  impl_->walker.Elements(array, elements);
}

bool IsValidUtf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

const char* SimdjsonVersion() { return SIMDJSON_VERSION; }

}  // namespace kasocki
