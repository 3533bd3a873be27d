// JsonWalker: the walk over a text's structural index that checks the grammar and picks up values.
#ifndef KASOCKI_JSON_WALKER_H_
#define KASOCKI_JSON_WALKER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/path_trie.h"
#include "json/scanner.h"

namespace kasocki {

// A text and where its tokens stand: the offsets of all opening quotes, brackets, colons and commas outside of strings
// and of the first byte of everything else that is not white space, in order; positions[count] is the text's length.
// Strings are closed, free of control characters, and all is valid UTF-8. (simdjson's first stage gives exactly this.)
struct JsonIndex {
  const char* text = nullptr;
  size_t length = 0;
  const uint32_t* positions = nullptr;
  uint32_t count = 0;
  bool escapes = false;  // the text holds a backslash
};

// Belongs to one scanner; not thread-safe.
class JsonWalker {
 public:
  explicit JsonWalker(size_t max_depth) : max_depth_(max_depth) {}

  // Forgets the last text and says what to look for in the next one: `values` becomes as long as there are paths, all
  // missing; `members` becomes empty. `trie` may be null. Everything given must live until the next Start.
  void Start(const PathTrie* trie, std::string_view watched, std::vector<JsonValue>* values,
             std::vector<MemberSpan>* members);

  // True if the tokens make one JSON value; then `values` (by path id) and `members` (of the root object, named
  // `watched`) are filled in. The text's escape sequences must have been checked before.
  bool Walk(const JsonIndex& index);

  void Elements(const JsonValue& array, std::vector<JsonValue>* elements) const;

  // What the last Walk stumbled over, and the byte where.
  const char* fault() const { return fault_; }
  size_t fault_position() const { return fault_position_; }

 private:
  // An open container on a wanted path. Containers off all paths need no frame.
  struct Frame {
    const PathTrie::Node* node;  // null: no path (the root, with a watched name only)
    uint64_t signatures;         // of names that may matter here
    uint32_t next_index;         // of an array: of the element that comes next
    uint32_t elements_end;       // none is wanted from here on
    uint32_t token;              // the opening bracket
    uint32_t id;                 // of the path that wants this container, or kNone
    uint32_t member;             // in members_, or kNone
    char closer;
  };

  // A node of the trie that has a value in this text, and the id of its path (or kNone).
  struct Touched {
    uint32_t node;
    uint32_t id;
  };

  bool WalkRoot();
  bool SkipContainer();
  bool SkipValue(JsonValue* value);
  bool FailScalar(uint32_t token);
  bool WalkPaths();
  void MatchName(const char* name, size_t length, uint32_t begin, uint32_t* node, uint32_t* member);
  bool TakeValue(uint32_t node, uint32_t member, bool* opened);
  void Close();
  bool Push(uint32_t node, uint32_t id, uint32_t member);
  void Store(const JsonValue& value, uint32_t id, uint32_t member);
  void Touch(uint32_t node, uint32_t id);
  void DropOverwritten();
  void ForgetTouched();
  JsonValue Describe(uint32_t token, const char* end) const;
  bool Fail(const char* fault, uint32_t token);

  const char* At(uint32_t token) const { return index_.text + index_.positions[token]; }

  // Constant after construction.
  const size_t max_depth_;

  // Of the text being walked.
  JsonIndex index_;
  const PathTrie* trie_ = nullptr;
  std::string watched_;
  uint64_t watched_signature_ = 0;  // as one bit
  std::vector<JsonValue>* values_ = nullptr;
  std::vector<MemberSpan>* members_ = nullptr;
  uint32_t next_ = 0;  // the token that comes next
  std::vector<Frame> frames_;
  std::vector<char> closers_;  // of open containers inside of SkipContainer

  // For duplicates: by node of the trie, the token at which its last value began (0: none); and the nodes that have
  // one, a parent before its children.
  std::vector<uint32_t> value_tokens_;
  std::vector<Touched> touched_;
  bool duplicates_ = false;
  std::string name_;  // the last name that was written with escapes

  const char* fault_ = nullptr;
  size_t fault_position_ = 0;
};

}  // namespace kasocki

#endif  // KASOCKI_JSON_WALKER_H_
