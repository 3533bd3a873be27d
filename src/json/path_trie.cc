#include "json/path_trie.h"

#include <algorithm>
#include <charconv>

namespace kasocki {

namespace {

// Nodes with so few children are searched one by one.
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

uint32_t PathTrie::Find(const Node& node, const char* name, size_t length) const {
  const uint64_t prefix = Prefix(name, length);
  if (node.tables != nullptr) {
    const uint32_t edge = node.tables->edges.Find(NameHash(std::string_view(name, length)), [&](uint32_t place) {
      return Is(node.edges[place], prefix, name, length);
    });
    return edge != IdTable::kNone ? node.edges[edge].child : kNone;
  }
  for (const Edge& edge : node.edges) {
    if (Is(edge, prefix, name, length)) return edge.child;
  }
  return kNone;
}

uint32_t PathTrie::FindElement(const Node& node, uint32_t index) const {
  if (node.tables != nullptr) {
    const uint32_t element = node.tables->elements.Find(
        IndexHash(index), [&](uint32_t place) { return node.elements[place].index == index; });
    return element != IdTable::kNone ? node.elements[element].child : kNone;
  }
  for (const Element& element : node.elements) {
    if (element.index == index) return element.child;
  }
  return kNone;
}

void PathTrie::AddToTables(Node* node, size_t first_edge, size_t first_element) const {
  for (size_t i = first_edge; i < node->edges.size(); ++i) {
    node->tables->edges.Add(NameHash(nodes_[node->edges[i].child].name), static_cast<uint32_t>(i));
  }
  for (size_t i = first_element; i < node->elements.size(); ++i) {
    node->tables->elements.Add(IndexHash(node->elements[i].index), static_cast<uint32_t>(i));
  }
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
  const size_t edges = node.edges.size();
  const size_t elements = node.elements.size();
  node.edges.push_back({Prefix(readable.data(), name.size()), static_cast<uint32_t>(name.size()), child});
  node.signatures |= uint64_t{1} << Signature(readable.data(), name.size());
  const uint32_t index = ElementIndex(name);
  if (index != kNone) {
    node.elements.push_back({index, child});
    node.elements_end = std::max(node.elements_end, index + 1);
  }

  if (node.tables != nullptr) {
    AddToTables(&node, edges, elements);
  } else if (node.edges.size() > kFewEdges) {
    if (!seeded_) seed_ = SipKey::Random();
    seeded_ = true;
    node.tables = std::make_unique<Tables>();
    AddToTables(&node, 0, 0);
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
