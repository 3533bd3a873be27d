// PathTrie: wanted paths as a tree of names, made for the one question of the walk: "may this member matter?".
//
// Most members of a record are on no path, so a miss must be cheap. Each node keeps a set of the signatures (6 bits) of
// its children's names as one word, and a name whose signature is not in it is none of them: a few instructions without
// a branch.
//
// Clients choose the names, and thousands of filters share one trie: nodes with many children find them by a hash that
// nobody can aim at, and a child more costs the same however many there are.
#ifndef KASOCKI_JSON_PATH_TRIE_H_
#define KASOCKI_JSON_PATH_TRIE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/id_table.h"
#include "common/siphash.h"
#include "json/scanner.h"

namespace kasocki {

// Owned by a PathSet; constant while scanners use it, then safe to read from any thread.
class PathTrie {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kRoot = 0;

  // How many bytes from a name's begin must be readable, whatever its length.
  static constexpr size_t kNameReadable = sizeof(uint64_t);

  // One child by its name.
  struct Edge {
    uint64_t prefix;  // the name's first eight bytes, zeros behind a shorter one
    uint32_t length;
    uint32_t child;
  };

  // One child that may be an array's element.
  struct Element {
    uint32_t index;
    uint32_t child;
  };

  // Finds places in edges and elements, by name and by index.
  struct Tables {
    IdTable edges;
    IdTable elements;
  };

  struct Node {
    std::string name;
    uint32_t parent = kNone;
    uint32_t id = kNone;      // of the path that ends here
    uint64_t signatures = 0;  // bit n: a child's name has signature n
    std::vector<Edge> edges;
    std::vector<Element> elements;
    uint32_t elements_end = 0;       // behind the largest index
    std::unique_ptr<Tables> tables;  // of nodes with many edges
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

  // The child of that name, or kNone. kNameReadable bytes must be readable.
  uint32_t Find(const Node& node, const char* name, size_t length) const;

  // The child that is the array's element of that index, or kNone.
  uint32_t FindElement(const Node& node, uint32_t index) const;

  // A name's first eight bytes, zeros behind a shorter one. kNameReadable bytes must be readable.
  static uint64_t Prefix(const char* name, size_t length) {
    uint64_t word;
    std::memcpy(&word, name, sizeof(word));
    if (length >= sizeof(word)) return word;
    const uint64_t keep = (uint64_t{1} << (8 * length)) - 1;
    if constexpr (std::endian::native == std::endian::little) return word & keep;
    return word & ~(~uint64_t{0} >> (8 * length));
  }

 private:
  bool Is(const Edge& edge, uint64_t prefix, const char* name, size_t length) const {
    return edge.prefix == prefix && edge.length == length &&
           (length <= sizeof(prefix) || std::memcmp(nodes_[edge.child].name.data(), name, length) == 0);
  }
  uint32_t AddChild(uint32_t parent, const std::string& name);
  void AddToTables(Node* node, size_t first_edge, size_t first_element) const;
  uint64_t NameHash(std::string_view name) const { return SipHash(seed_, name); }
  uint64_t IndexHash(uint32_t index) const { return UniversalHash(index, seed_.k0 | 1); }

  SipKey seed_;  // set when the first tables are made
  bool seeded_ = false;
  std::vector<Node> nodes_;  // a parent stands before its children
  uint32_t path_count_ = 0;
};

}  // namespace kasocki

#endif  // KASOCKI_JSON_PATH_TRIE_H_
