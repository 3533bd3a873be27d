// JsonScanner: one walk over a text that decides whether it is JSON and picks up the values at wanted paths.
//
// Valid is exactly what JSON.parse accepts. simdjson's first stage finds the structure and checks UTF-8; the walk over
// its index checks the grammar of every token and, on its way, the paths. simdjson.h is included by scanner.cc alone.
#ifndef KASOCKI_JSON_SCANNER_H_
#define KASOCKI_JSON_SCANNER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kasocki {

class JsonDocument;
class PathTrie;
struct JsonIndex;

// A path from the root: names of members, or indexes of array elements as canonical decimals ("0", "17").
using JsonPath = std::vector<std::string>;

// A set of paths, kept as a trie that the walk follows. Constant while it is in use; then any thread may read it.
class PathSet {
 public:
  PathSet();
  ~PathSet();
  PathSet(PathSet&&) noexcept;
  PathSet& operator=(PathSet&&) noexcept;

  // Adds a path (at least one segment; segments are UTF-8, lone surrogates as WTF-8) and returns its id: 0, 1, 2 ...;
  // the same path gives the same id.
  size_t Add(const JsonPath& path);
  size_t size() const;

  const PathTrie& trie() const { return *trie_; }

 private:
  std::unique_ptr<PathTrie> trie_;
};

enum class JsonKind : uint8_t { kMissing, kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

// A value inside a scanned text. Valid until the scanner's next Scan.
struct JsonValue {
  JsonKind kind = JsonKind::kMissing;
  bool escaped = false;   // a string whose text holds a backslash
  std::string_view text;  // the token; of a string what stands between its quotes; of an array or object all of it
  uint32_t index = 0;     // where it stands in the scanner's index (for the scanner's own use)
};

enum class JsonVerdict : uint8_t { kObject, kArray, kScalar, kInvalid };

// Where a member stands in the scanned text: [begin, end) runs from its name's opening quote to the end of its value.
struct MemberSpan {
  uint32_t begin = 0;
  uint32_t end = 0;
  JsonValue value;
};

// Not thread-safe: one scanner a thread. Reuses its buffers.
class JsonScanner {
 public:
  explicit JsonScanner(size_t max_depth = 1024);
  ~JsonScanner();
  JsonScanner(const JsonScanner&) = delete;
  JsonScanner& operator=(const JsonScanner&) = delete;

  // Scans `text`, behind which kPadding bytes must be readable, and which must live as long as the values. With
  // `paths`, values()[id] holds what stands at each (of duplicate names the last counts, as in JSON.parse). With a
  // non-empty `watched`, members() holds the spans of all top-level members of that name, in order. Arrays and objects
  // nested deeper than max_depth make the text invalid: depth 1 is a top-level array or object.
  JsonVerdict Scan(std::string_view text, const PathSet* paths = nullptr, std::string_view watched = {});

  const std::vector<JsonValue>& values() const { return values_; }
  const std::vector<MemberSpan>& members() const { return members_; }

  // The tokens of the last text, if it was valid (walker.h).
  const JsonIndex& index() const;

  // What the last text is, if it was valid.
  JsonKind root_kind() const;

  // The last text, if it was valid, as a tree. Made when first asked for, in time proportional to its tokens.
  const JsonDocument& document() const;

  // The elements of an array value of this scan.
  void Elements(const JsonValue& array, std::vector<JsonValue>* elements) const;

  // Why the last Scan said kInvalid: a short English phrase with the byte position, e.g. "invalid number at byte 17".
  const std::string& reason() const { return reason_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::vector<JsonValue> values_;
  std::vector<MemberSpan> members_;
  std::string reason_;
};

// The characters that a string value stands for, as UTF-8; escaped lone surrogates as their three WTF-8 bytes, so that
// equal JavaScript strings are equal bytes. Appends to `out`.
void UnescapeJsonString(std::string_view text, std::string* out);

// Appends `text` as a JSON string with quotes. `text` must be valid UTF-8.
void AppendJsonString(std::string_view text, std::string* out);

bool IsValidUtf8(std::string_view text);

// simdjson's version, "3.9.4".
const char* SimdjsonVersion();

}  // namespace kasocki

#endif  // KASOCKI_JSON_SCANNER_H_
