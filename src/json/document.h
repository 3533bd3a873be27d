// JsonDocument: a scanned text as a tree, for those who walk around in it.
//
// Nothing is built of the values. A node is the place of its first token in the scanner's index; the one thing that is
// added is where each container ends, so that it can be stepped over. Of members that share a name only the last is
// there, as in JSON.parse.
//
//   const JsonDocument& document = scanner.document();
//   for (JsonNode child = document.FirstChild(array); child != kNoNode; child = document.NextChild(array, child)) ...
#ifndef KASOCKI_JSON_DOCUMENT_H_
#define KASOCKI_JSON_DOCUMENT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "json/scanner.h"
#include "json/token.h"
#include "json/walker.h"

namespace kasocki {

// A value of a document: its first token.
using JsonNode = uint32_t;
inline constexpr JsonNode kNoNode = UINT32_MAX;

// Belongs to one scanner and is about its last text; not thread-safe. Reuses its buffers.
//
// What takes time in proportion to something says so: callers count it.
class JsonDocument {
 public:
  // A text that was found valid. Takes time in proportion to its tokens.
  void Build(const JsonIndex& index);

  static constexpr JsonNode root() { return 0; }
  JsonKind kind(JsonNode node) const;
  bool is_container(JsonNode node) const { return IsOpener(*At(node)); }
  JsonValue value(JsonNode node) const;
  // The last token of a value.
  JsonNode last(JsonNode node) const { return is_container(node) ? closers_[node] : node; }

  // --- Children of a container, in the text's order. Of an object, each name once.

  // To be called before an object's children are walked over or counted; returns how many members it has in the text,
  // repeats among them, which is what it costs. (It costs that much the first time only, but what a filter is charged
  // must not depend on who came before.)
  size_t FindRepeats(JsonNode object) const;
  JsonNode FirstChild(JsonNode container) const;
  JsonNode NextChild(JsonNode container, JsonNode child) const;

  // The member of that name. All members are looked at: *members is how many.
  JsonNode Member(JsonNode object, std::string_view name, size_t* members) const;

  // The name of an object's child; `scratch` is for one that is written with escapes.
  std::string_view NameOf(JsonNode child, std::string* scratch) const;
  bool NameIs(JsonNode child, std::string_view name) const { return NameAtIs(child - 2, name); }

  // --- All that is in a container, without recursion: a walk over tokens, of which most are of no interest.

  // The next container that begins behind the token `at`, at `last` at the latest; what a later member of the same name
  // replaces is passed over. FindRepeats must have been called on the objects on the way: on each one that this gave.
  // *passed grows by the tokens passed. kNoNode: there is none.
  JsonNode NextContainer(uint32_t at, uint32_t last, size_t* passed) const;

 private:
  struct Name {
    uint64_t prefix;  // its first eight bytes, zeros behind a shorter one
    std::string_view text;
    uint32_t token;
  };

  const char* At(uint32_t token) const { return index_.text + index_.positions[token]; }
  bool Is(uint32_t token, char c) const { return *At(token) == c; }
  // A name stands before a colon; `token` is a string's.
  bool IsName(uint32_t token) const { return Is(token + 1, ':'); }
  std::string_view RawName(uint32_t token) const;
  bool NameAtIs(uint32_t token, std::string_view name) const;
  bool IsReplaced(uint32_t token) const { return has_repeats_ && replaced_[token] != 0; }
  void AddName(uint32_t token) const;
  void MarkRepeats() const;

  JsonIndex index_;
  std::vector<uint32_t> closers_;  // by opening bracket
  std::vector<uint32_t> open_;     // scratch of Build

  // What FindRepeats learnt. Filled in when first asked for.
  mutable std::vector<uint32_t> member_counts_;  // by object: 1 + members; 0: not asked yet
  mutable std::vector<uint8_t> replaced_;        // by name
  mutable bool has_repeats_ = false;             // of any object so far
  mutable std::vector<Name> names_;              // of the object at hand
  mutable std::deque<std::string> unescaped_;    // those that were written with escapes
};

}  // namespace kasocki

#endif  // KASOCKI_JSON_DOCUMENT_H_
