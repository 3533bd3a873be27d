// The walk where paths lead: how members and elements are matched, and what is kept of them.
//
// Duplicate names: the last counts, also for what is below them. Each node of the trie stands for one path, so a node
// that gets a value for the second time in one text is a duplicate, or lies below one. Then, after the walk, a value
// counts only if it began behind the last beginning of its parent's value. Texts without duplicates pay one comparison
// a wanted value.
//
// What is done for each wanted value is declared inline: compilers do not see that it is hot, and it is 15% of a scan
// with five paths.

#include <cstring>

#include "json/token.h"
#include "json/walker.h"

namespace kasocki {

namespace {

constexpr uint32_t kNone = PathTrie::kNone;

}  // namespace

// ---- Single values

// Moves next_ behind any value; with `value`, says what it was.
bool JsonWalker::SkipValue(JsonValue* value) {
  const uint32_t token = next_;
  const char first = *At(token);
  const char* end = nullptr;
  if (IsOpener(first)) {
    if (!SkipContainer()) return false;
    if (value != nullptr) end = At(next_ - 1) + 1;
  } else {
    if (first == '"') {
      if (value != nullptr) end = ClosingQuote(At(token + 1));
    } else {
      end = ScalarEnd(At(token), At(token + 1), index_.text + index_.length, first);
      if (end == nullptr) return FailScalar(token);
    }
    ++next_;
  }
  if (value != nullptr) *value = Describe(token, end);
  return true;
}

// `end` is behind the token or container; of a string, its closing quote.
inline JsonValue JsonWalker::Describe(uint32_t token, const char* end) const {
  JsonValue value;
  const char* begin = At(token);
  value.kind = KindOf(*begin);
  value.index = token;
  if (value.kind == JsonKind::kString) {
    ++begin;
    value.escaped = index_.escapes && std::memchr(begin, '\\', static_cast<size_t>(end - begin)) != nullptr;
  }
  value.text = std::string_view(begin, static_cast<size_t>(end - begin));
  return value;
}

void JsonWalker::Elements(const JsonValue& array, std::vector<JsonValue>* elements) const {
  elements->clear();
  if (array.kind != JsonKind::kArray) return;
  uint32_t token = array.index + 1;
  if (*At(token) == ']') return;
  for (;; ++token) {
    const uint32_t begin = token;
    size_t depth = 0;
    do {
      const char c = *At(token++);
      if (IsOpener(c)) ++depth;
      if (c == '}' || c == ']') --depth;
    } while (depth > 0);
    const char* end = At(token - 1) + 1;  // behind a container; else the token's end has to be found
    const char first = *At(begin);
    if (first == '"') {
      end = ClosingQuote(At(begin + 1));
    } else if (!IsOpener(first)) {
      end = At(token);
      while (IsJsonSpace(end[-1])) --end;
    }
    elements->push_back(Describe(begin, end));
    if (*At(token) == ']') return;
  }
}

// ---- Containers on wanted paths

bool JsonWalker::WalkPaths() {
  const char* const text = index_.text;
  const uint32_t* const positions = index_.positions;
  if (!Push(PathTrie::kRoot, kNone, kNone)) return false;
  uint32_t i = next_;
  bool opened;
  char c;

enter:
  if (text[positions[i]] == frames_.back().closer) {
    ++i;
    goto close;
  }

item : {
  Frame& frame = frames_.back();
  uint32_t node = kNone;
  uint32_t member = kNone;
  if (frame.closer == '}') {
    if (text[positions[i]] != '"') return Fail("a member's name expected", i);
    if (text[positions[i + 1]] != ':') return Fail("a colon expected", i + 1);
    const char* name = text + positions[i] + 1;
    size_t length = static_cast<size_t>(ClosingQuote(text + positions[i + 1]) - name);
    if (index_.escapes && std::memchr(name, '\\', length) != nullptr) {
      name_.clear();
      UnescapeJsonString(std::string_view(name, length), &name_);
      length = name_.size();
      name_.append(PathTrie::kNameReadable, '\0');
      name = name_.data();
    }
    if (frame.signatures >> PathTrie::Signature(name, length) & 1) {
      MatchName(name, length, positions[i], &node, &member);
    }
    i += 2;
  } else if (frame.next_index < frame.elements_end) {
    node = trie_->FindElement(*frame.node, frame.next_index++);
  }

  if (node == kNone && member == kNone) {
    const char first = text[positions[i]];
    if (first == '"') {
      ++i;
      goto leave;
    }
    if (!IsOpener(first)) {
      if (ScalarEnd(text + positions[i], text + positions[i + 1], text + index_.length, first) == nullptr) {
        return FailScalar(i);
      }
      ++i;
      goto leave;
    }
    next_ = i;
    if (!SkipValue(nullptr)) return false;
    i = next_;
    goto leave;
  }
  next_ = i;
  if (!TakeValue(node, member, &opened)) return false;
  i = next_;
  if (opened) goto enter;
}

leave:
  c = text[positions[i++]];
  if (c == ',') goto item;
  if (c != frames_.back().closer) return Fail("a comma or a closing bracket expected", i - 1);

close:
  next_ = i;
  Close();
  if (frames_.empty()) return true;
  if (i == index_.count) return Fail("a closing bracket expected", i - 1);
  goto leave;
}

// What the name of a member of the container on top leads to: a node of the trie, a place in members_, both, or
// neither.
inline void JsonWalker::MatchName(const char* name, size_t length, uint32_t begin, uint32_t* node, uint32_t* member) {
  const PathTrie::Node* const parent = frames_.back().node;
  if (parent != nullptr) *node = trie_->Find(*parent, name, length);
  if (frames_.size() == 1 && !watched_.empty() && std::string_view(name, length) == watched_) {
    *member = static_cast<uint32_t>(members_->size());
    members_->emplace_back().begin = begin;
  }
}

// The value at next_, which is on a path or watched: moves behind it, or into it if paths lead there.
inline bool JsonWalker::TakeValue(uint32_t node, uint32_t member, bool* opened) {
  *opened = false;
  uint32_t id = kNone;
  if (node != kNone) {
    const PathTrie::Node& wanted = trie_->node(node);
    id = wanted.id;
    Touch(node, id);
    if (IsOpener(*At(next_)) && !wanted.edges.empty()) {
      *opened = true;
      return Push(node, id, member);
    }
  }
  if (id == kNone && member == kNone) return SkipValue(nullptr);
  JsonValue value;
  if (!SkipValue(&value)) return false;
  Store(value, id, member);
  return true;
}

// The container on top ended before next_.
inline void JsonWalker::Close() {
  const Frame frame = frames_.back();
  frames_.pop_back();
  if (frame.id == kNone && frame.member == kNone) return;
  Store(Describe(frame.token, At(next_ - 1) + 1), frame.id, frame.member);
}

// Enters the container at next_.
inline bool JsonWalker::Push(uint32_t node, uint32_t id, uint32_t member) {
  if (frames_.size() >= max_depth_) return Fail("nested too deep", next_);
  Frame& frame = frames_.emplace_back();
  frame.node = trie_ != nullptr ? &trie_->node(node) : nullptr;
  frame.signatures = frame.node != nullptr ? frame.node->signatures : 0;
  if (frames_.size() == 1) frame.signatures |= watched_signature_;
  frame.next_index = 0;
  frame.elements_end = frame.node != nullptr ? frame.node->elements_end : 0;
  frame.token = next_;
  frame.id = id;
  frame.member = member;
  frame.closer = CloserOf(*At(next_++));
  return true;
}

inline void JsonWalker::Store(const JsonValue& value, uint32_t id, uint32_t member) {
  if (id != kNone) (*values_)[id] = value;
  if (member != kNone) {
    MemberSpan& span = (*members_)[member];
    const size_t end = static_cast<size_t>(value.text.data() + value.text.size() - index_.text);
    span.end = static_cast<uint32_t>(value.kind == JsonKind::kString ? end + 1 : end);
    span.value = value;
  }
}

// ---- Duplicates

// The value of `node` begins at next_.
inline void JsonWalker::Touch(uint32_t node, uint32_t id) {
  if (value_tokens_[node] == 0) {
    touched_.push_back({node, id});
  } else {
    duplicates_ = true;
  }
  value_tokens_[node] = next_;
}

void JsonWalker::DropOverwritten() {
  for (const Touched& touched : touched_) {
    const uint32_t parent = trie_->node(touched.node).parent;
    if (parent == PathTrie::kRoot) continue;
    if (value_tokens_[parent] != 0 && value_tokens_[parent] < value_tokens_[touched.node]) continue;
    value_tokens_[touched.node] = 0;
    if (touched.id != kNone) (*values_)[touched.id] = JsonValue();
  }
}

void JsonWalker::ForgetTouched() {
  for (const Touched& touched : touched_) {
    value_tokens_[touched.node] = 0;
    if (touched.id != kNone) (*values_)[touched.id] = JsonValue();
  }
  touched_.clear();
  duplicates_ = false;
}

}  // namespace kasocki
