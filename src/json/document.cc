#include "json/document.h"

#include <algorithm>
#include <cstring>

#include "json/path_trie.h"

namespace kasocki {

namespace {

// Names of objects with so few members are compared each with each.
constexpr size_t kFewNames = 16;

bool HasBackslash(std::string_view text) { return std::memchr(text.data(), '\\', text.size()) != nullptr; }

}  // namespace

void JsonDocument::Build(const JsonIndex& index) {
  index_ = index;
  member_counts_.clear();
  has_repeats_ = false;
  if (closers_.size() < index.count) closers_.resize(index.count);
  open_.clear();
  for (uint32_t i = 0; i < index.count; ++i) {
    const char c = *At(i);
    if (IsOpener(c)) {
      open_.push_back(i);
    } else if (c == '}' || c == ']') {
      closers_[open_.back()] = i;
      open_.pop_back();
    }
  }
}

JsonKind JsonDocument::kind(JsonNode node) const { return KindOf(*At(node)); }

JsonValue JsonDocument::value(JsonNode node) const {
  JsonValue value;
  const char* begin = At(node);
  const char* end;
  value.kind = KindOf(*begin);
  value.index = node;
  if (IsOpener(*begin)) {
    end = At(closers_[node]) + 1;
  } else if (*begin == '"') {
    end = ClosingQuote(At(node + 1));
    ++begin;
    value.escaped = index_.escapes && HasBackslash({begin, static_cast<size_t>(end - begin)});
  } else {
    // What follows it, the text's end included, may have white space in front.
    end = At(node + 1);
    while (IsJsonSpace(end[-1])) --end;
  }
  value.text = std::string_view(begin, static_cast<size_t>(end - begin));
  return value;
}

// ---- Names

std::string_view JsonDocument::RawName(uint32_t token) const {
  const char* begin = At(token) + 1;
  return {begin, static_cast<size_t>(ClosingQuote(At(token + 1)) - begin)};
}

std::string_view JsonDocument::NameOf(JsonNode child, std::string* scratch) const {
  const std::string_view raw = RawName(child - 2);
  if (!index_.escapes || !HasBackslash(raw)) return raw;
  scratch->clear();
  UnescapeJsonString(raw, scratch);
  return *scratch;
}

bool JsonDocument::NameAtIs(uint32_t token, std::string_view name) const {
  const char* begin = At(token) + 1;
  const auto room = static_cast<size_t>(At(token + 1) - begin);  // up to the colon
  // The usual case does not look for the closing quote: behind the name's bytes there must be one.
  if (name.size() < room && begin[name.size()] == '"' && std::memcmp(begin, name.data(), name.size()) == 0) {
    if (!index_.escapes || !HasBackslash(name)) return true;
  }
  if (!index_.escapes) return false;
  const std::string_view raw = RawName(token);
  if (!HasBackslash(raw)) return false;
  std::string unescaped;
  UnescapeJsonString(raw, &unescaped);
  return unescaped == name;
}

JsonNode JsonDocument::Member(JsonNode object, std::string_view name, size_t* members) const {
  JsonNode found = kNoNode;
  *members = 0;
  uint32_t token = object + 1;
  if (Is(token, '}')) return found;
  for (;; ++token) {
    ++*members;
    if (NameAtIs(token, name)) found = token + 2;
    token = last(token + 2) + 1;
    if (Is(token, '}')) return found;
  }
}

// ---- Children

JsonNode JsonDocument::FirstChild(JsonNode container) const {
  const uint32_t token = container + 1;
  if (token == closers_[container]) return kNoNode;
  if (Is(container, '[')) return token;
  return IsReplaced(token) ? NextChild(container, token + 2) : token + 2;
}

JsonNode JsonDocument::NextChild(JsonNode container, JsonNode child) const {
  const bool object = Is(container, '{');
  for (;;) {
    const uint32_t token = last(child) + 1;
    if (token == closers_[container]) return kNoNode;
    child = token + 1;
    if (!object) return child;
    child += 2;
    if (!IsReplaced(child - 2)) return child;
  }
}

JsonNode JsonDocument::NextContainer(uint32_t at, uint32_t last_token, size_t* passed) const {
  const uint32_t from = at;
  for (++at; at <= last_token; ++at) {
    const char c = *At(at);
    if (IsOpener(c)) {
      *passed += at - from;
      return at;
    }
    if (c == '"' && has_repeats_ && IsReplaced(at)) at = last(at + 2);
  }
  *passed += at - from;
  return kNoNode;
}

// ---- Repeats

void JsonDocument::AddName(uint32_t token) const {
  Name name;
  name.text = RawName(token);
  name.token = token;
  if (index_.escapes && HasBackslash(name.text)) {
    std::string& text = unescaped_.emplace_back();
    UnescapeJsonString(name.text, &text);
    text.append(PathTrie::kNameReadable, '\0');
    name.text = std::string_view(text).substr(0, text.size() - PathTrie::kNameReadable);
  }
  name.prefix = PathTrie::Prefix(name.text.data(), name.text.size());
  names_.push_back(name);
}

size_t JsonDocument::FindRepeats(JsonNode object) const {
  if (!Is(object, '{')) return 0;
  if (member_counts_.size() < index_.count) {
    member_counts_.assign(index_.count, 0);
    replaced_.assign(index_.count, 0);
  }
  if (member_counts_[object] != 0) return member_counts_[object] - 1;
  names_.clear();
  unescaped_.clear();
  for (uint32_t token = object + 1; token != closers_[object];) {
    AddName(token);
    token = last(token + 2) + 1;
    if (Is(token, ',')) ++token;
  }
  const size_t count = names_.size();
  MarkRepeats();
  member_counts_[object] = static_cast<uint32_t>(count + 1);
  return count;
}

// Marks all but the last of equal names.
void JsonDocument::MarkRepeats() const {
  const auto equal = [](const Name& a, const Name& b) { return a.prefix == b.prefix && a.text == b.text; };
  const auto mark = [this](const Name& name) {
    replaced_[name.token] = 1;
    has_repeats_ = true;
  };
  if (names_.size() <= kFewNames) {
    for (size_t i = 0; i + 1 < names_.size(); ++i) {
      for (size_t k = i + 1; k < names_.size(); ++k) {
        if (!equal(names_[i], names_[k])) continue;
        mark(names_[i]);
        break;
      }
    }
    return;
  }
  // Sorted by name, then by place. (Not a hash table: who writes the records could make hash values collide.)
  std::sort(names_.begin(), names_.end(), [](const Name& a, const Name& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = a.text.compare(b.text);
    return order != 0 ? order < 0 : a.token < b.token;
  });
  for (size_t i = 0; i + 1 < names_.size(); ++i) {
    if (equal(names_[i], names_[i + 1])) mark(names_[i]);
  }
}

}  // namespace kasocki
