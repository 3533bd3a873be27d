#include "json/path_trie.h"

#include <charconv>

namespace kasocki {

namespace {

// Nodes with so few children are searched one by one: it beats a binary search, whose every step is a guess.
constexpr size_t kFewEdges = 8;

// The array index that `name` spells canonically ("0", "17", not "017"), or PathTrie::kNone. The largest index that 32
// bits hold would need a text of more than 4 GiB and stands for none.
uint32_t ElementIndex(const std::string& name) {
  if (name.empty() || (name.size() > 1 && name[0] == '0') || name[0] == '-') return PathTrie::kNone;
  uint32_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  return error == std::errc() && end == name.data() + name.size() ? index : PathTrie::kNone;
}

}  // namespace

bool PathTrie::Less(const Edge& edge, uint64_t prefix, size_t length, const char* name) const {
  if (edge.prefix != prefix) return edge.prefix < prefix;
  if (edge.length != length) return edge.length < length;
  return length > sizeof(prefix) && std::memcmp(nodes_[edge.child].name.data(), name, length) < 0;
}

uint32_t PathTrie::Find(const Node& node, const char* name, size_t length) const {
  const uint64_t prefix = Prefix(name, length);
  auto edge = node.edges.begin();
  const auto end = node.edges.end();
  if (node.edges.size() > kFewEdges) {
    edge = std::partition_point(edge, end, [&](const Edge& e) { return Less(e, prefix, length, name); });
  }
  for (; edge != end; ++edge) {
    if (edge->prefix == prefix && edge->length == length &&
        (length <= sizeof(prefix) || std::memcmp(nodes_[edge->child].name.data(), name, length) == 0)) {
      return edge->child;
    }
    if (edge->prefix > prefix) break;
  }
  return kNone;
}

uint32_t PathTrie::AddChild(uint32_t parent, const std::string& name) {
  std::string readable = name;
  readable.append(kNameReadable, '\0');
  const uint32_t found = Find(nodes_[parent], readable.data(), name.size());
  if (found != kNone) return found;

  const uint32_t child = static_cast<uint32_t>(nodes_.size());
  nodes_.emplace_back();
  nodes_[child].name = name;
  nodes_[child].parent = parent;

  Node& node = nodes_[parent];
  const Edge edge{Prefix(readable.data(), name.size()), static_cast<uint32_t>(name.size()), child};
  const auto place = std::partition_point(node.edges.begin(), node.edges.end(), [&](const Edge& e) {
    return Less(e, edge.prefix, edge.length, name.data());
  });
  node.edges.insert(place, edge);
  node.signatures |= uint64_t{1} << Signature(readable.data(), name.size());

  const uint32_t index = ElementIndex(name);
  if (index != kNone) {
    const auto before = [&](const Element& e) { return e.index < index; };
    node.elements.insert(std::partition_point(node.elements.begin(), node.elements.end(), before), {index, child});
  }
  return child;
}

uint32_t PathTrie::Add(const JsonPath& path) {
  uint32_t n = kRoot;
  for (const std::string& name : path) n = AddChild(n, name);
  if (nodes_[n].id == kNone) nodes_[n].id = path_count_++;
  return nodes_[n].id;
}

PathSet::PathSet() : trie_(std::make_unique<PathTrie>()) {}
PathSet::~PathSet() = default;
PathSet::PathSet(PathSet&&) noexcept = default;
PathSet& PathSet::operator=(PathSet&&) noexcept = default;

size_t PathSet::Add(const JsonPath& path) { return trie_->Add(path); }
size_t PathSet::size() const { return trie_->path_count(); }

}  // namespace kasocki
