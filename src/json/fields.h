// FieldMask: what a server cuts from its messages. FieldCutter: cuts it from a record's own text.
//
// A path is dotted in the user's words, names in ours. An array on the way:
//
//   - a segment that is an index ("0", "17") is that element of the array;
//   - any other segment goes through the array: it is looked for in each element, and in arrays within;
//   - what is cut from an array leaves `null` in its place, so that the others keep their index.
//
// A member that is cut is gone, each one of that name, however the name is written. With kOnly what a path leads
// through stays as an object or array of what is left; where it meets a scalar instead, that is cut.
//
//   FieldMask mask(FieldMask::Mode::kDrop, {{"user", "email"}});
//   if (scanner.Scan(text) == JsonVerdict::kObject && cutter.Cut(mask, scanner, &out)) ...  // `out` is the message now
#ifndef KASOCKI_JSON_FIELDS_H_
#define KASOCKI_JSON_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/path_trie.h"
#include "json/scanner.h"

namespace kasocki {

struct JsonIndex;

// Immutable and thread-safe.
class FieldMask {
 public:
  enum class Mode { kDrop, kOnly };

  // `paths`: at least one, each of at least one segment; UTF-8, lone surrogates as WTF-8.
  FieldMask(Mode mode, const std::vector<JsonPath>& paths);

  Mode mode() const { return mode_; }
  const PathTrie& trie() const { return trie_; }
  // The node stands for an index of an array: it has nothing to do with what is in the array's elements.
  bool is_index(uint32_t node) const { return is_index_[node] != 0; }
  // Some path goes on from this node by a name that is no index.
  bool has_names(uint32_t node) const { return trie_.node(node).edges.size() > trie_.node(node).elements.size(); }

  // Equal texts mean equal masks. A key for maps.
  const std::string& canonical() const { return canonical_; }

 private:
  const Mode mode_;
  PathTrie trie_;
  std::vector<uint8_t> is_index_;  // by node
  std::string canonical_;
};

// Not thread-safe: one a thread. Reuses its buffers.
class FieldCutter {
 public:
  // Writes to `out` what is left of the text of the scanner's last scan, which must have found an object or array: valid
  // JSON of the same kind. False: nothing has to be cut, and `out` is empty. What is kept stays byte by byte, but for
  // commas and white space beside what was cut.
  bool Cut(const FieldMask& mask, const JsonScanner& scanner, std::string* out);

 private:
  // A place in the mask that the walk is at. Paths may lead several ways into one value: `a.0.x` and `a.y`.
  struct State {
    uint32_t node;
    bool through;  // it went through an array since: indexes do not count any more
  };

  // An open container that paths lead into.
  struct Frame {
    size_t states_begin;  // of its states in states_; they end where the next frame's begin
    size_t states_end;
    char closer;
    uint32_t next_index = 0;  // of an array: of the element that comes next
    size_t kept_token = 0;    // of an object: the token behind the last member that was kept, 0: none was
    size_t opener;            // byte
    bool pending = false;     // of an object: what comes next was not copied yet, as something before it was cut
  };

  struct Verdict {
    bool whole;    // a path ends at this value
    bool through;  // paths lead on into it: their states stand at the end of states_
  };

  Verdict JudgeMember(const Frame& frame, uint32_t token);
  Verdict JudgeElement(const Frame& frame, uint32_t index);
  Verdict Found(size_t states_begin, bool whole);
  void Enter(uint32_t token, size_t states_begin);
  void KeepMember(Frame* frame, uint32_t token);
  void CutMember(Frame* frame);
  void CutElement(uint32_t token, uint32_t next_token);
  uint32_t Skip(uint32_t token) const;
  void Flush(size_t end);

  char At(uint32_t token) const;
  size_t Position(uint32_t token) const;
  // Behind the last byte that is no white space before a token.
  size_t EndBefore(uint32_t token) const;

  // Of the text at hand.
  const FieldMask* mask_ = nullptr;
  const JsonIndex* index_ = nullptr;
  std::string* out_ = nullptr;
  size_t done_ = 0;  // the text up to here was copied, or cut
  bool cut_ = false;
  std::vector<Frame> frames_;
  std::vector<State> states_;
  std::string name_;  // one that was written with escapes
};

}  // namespace kasocki

#endif  // KASOCKI_JSON_FIELDS_H_
