// PathTrie: wanted paths as a tree of names, made for the one question of the walk: "may this member matter?".
//
// Most members of a record are on no path, so a miss must be cheap. Each node keeps a set of the signatures (6 bits) of
// its children's names as one word, and a name whose signature is not in it is none of them: a few instructions without
// a branch.
#ifndef KASOCKI_JSON_PATH_TRIE_H_
#define KASOCKI_JSON_PATH_TRIE_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "json/scanner.h"

namespace kasocki {

// Owned by a PathSet; constant while scanners use it, then safe to read from any thread.
class PathTrie {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kRoot = 0;

  // How many bytes from a name's begin must be readable, whatever its length.
  static constexpr size_t kNameReadable = sizeof(uint64_t);

  // One child by its name; edges of a node are in order of (prefix, length, name).
  struct Edge {
    uint64_t prefix;  // the name's first eight bytes, zeros behind a shorter one
    uint32_t length;
    uint32_t child;
  };

  // One child that may be an array's element; in order of index.
  struct Element {
    uint32_t index;
    uint32_t child;
  };

  struct Node {
    std::string name;
    uint32_t parent = kNone;
    uint32_t id = kNone;      // of the path that ends here
    uint64_t signatures = 0;  // bit n: a child's name has signature n
    std::vector<Edge> edges;
    std::vector<Element> elements;
  };

  PathTrie() : nodes_(1) {}

  // As PathSet::Add.
  uint32_t Add(const JsonPath& path);
  uint32_t path_count() const { return path_count_; }

  const Node& node(uint32_t n) const { return nodes_[n]; }
  size_t node_count() const { return nodes_.size(); }

  // 0 to 63, of a name's length and first eight bytes. kNameReadable bytes must be readable.
  static unsigned Signature(const char* name, size_t length) {
    return static_cast<unsigned>((Prefix(name, length) + length) * 0x9E3779B97F4A7C15 >> 58);
  }

  // A name's first eight bytes, zeros behind a shorter one. kNameReadable bytes must be readable.
  static uint64_t Prefix(const char* name, size_t length) {
    uint64_t word;
    std::memcpy(&word, name, sizeof(word));
    if (length >= sizeof(word)) return word;
    const uint64_t keep = (uint64_t{1} << (8 * length)) - 1;
    if constexpr (std::endian::native == std::endian::little) return word & keep;
    return word & ~(~uint64_t{0} >> (8 * length));
  }

  // The child of that name, or kNone. kNameReadable bytes must be readable.
  uint32_t Find(const Node& node, const char* name, size_t length) const;

 private:
  bool Less(const Edge& edge, uint64_t prefix, size_t length, const char* name) const;
  uint32_t AddChild(uint32_t parent, const std::string& name);

  std::vector<Node> nodes_;  // a parent stands before its children
  uint32_t path_count_ = 0;
};

}  // namespace kasocki

#endif  // KASOCKI_JSON_PATH_TRIE_H_
