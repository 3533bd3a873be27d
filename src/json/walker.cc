// How the walk works.
//
// The index lists the first byte of every token, so the walk never looks at white space nor inside strings: it goes
// from token to token and asks of each whether the grammar allows it there. Only numbers and literals are read byte by
// byte. It has two gaits:
//
//   SkipContainer  no wanted path leads below this container: a tight loop with one byte of stack a level.
//   WalkPaths      some path may (walker_paths.cc): a frame a level, which knows the node of the trie that stands for
//                  the container. What is on no path goes to SkipContainer: a record pays for paths only along them.
//
// No gait recurses: the depth of a text costs heap, bounded by max_depth, never stack.
//
// The end of the text needs no check at each token. The last token of a text that begins with a bracket must be its
// closing one; this is looked at first. A walk can then leave the index only behind a closing bracket, and asks there.

#include "json/walker.h"

#include <algorithm>

#include "json/token.h"

namespace kasocki {

namespace {

constexpr size_t kInitialDepth = 64;

}  // namespace

void JsonWalker::Start(const PathTrie* trie, std::string_view watched, std::vector<JsonValue>* values,
                       std::vector<MemberSpan>* members) {
  ForgetTouched();
  trie_ = trie != nullptr && trie->path_count() > 0 ? trie : nullptr;
  if (watched != watched_) {
    watched_ = watched;
    std::string readable(watched);
    readable.append(PathTrie::kNameReadable, '\0');
    watched_signature_ = watched.empty() ? 0 : uint64_t{1} << PathTrie::Signature(readable.data(), watched.size());
  }
  values_ = values;
  members_ = members;
  values_->resize(trie_ != nullptr ? trie_->path_count() : 0);
  members_->clear();
  if (trie_ != nullptr && value_tokens_.size() < trie_->node_count()) value_tokens_.resize(trie_->node_count(), 0);
}

bool JsonWalker::Walk(const JsonIndex& index) {
  index_ = index;
  next_ = 0;
  frames_.clear();
  if (!WalkRoot()) {
    ForgetTouched();
    members_->clear();
    return false;
  }
  if (duplicates_) DropOverwritten();
  return true;
}

bool JsonWalker::WalkRoot() {
  const char first = *At(0);
  if (!IsOpener(first)) {
    if (!SkipValue(nullptr)) return false;
  } else {
    if (*At(index_.count - 1) != CloserOf(first)) return Fail("a closing bracket expected", index_.count - 1);
    if (trie_ != nullptr || (!watched_.empty() && first == '{')) {
      if (!WalkPaths()) return false;
    } else if (!SkipContainer()) {
      return false;
    }
  }
  return next_ == index_.count || Fail("text behind the end", next_);
}

// ---- Containers that no path leads into

// next_ is at an opening bracket; moves it behind the closing one.
bool JsonWalker::SkipContainer() {
  const char* const text = index_.text;
  const uint32_t* const positions = index_.positions;
  const uint32_t count = index_.count;
  const char* const end = text + index_.length;
  uint32_t i = next_;
  size_t depth = 0;
  char c = text[positions[i++]];
  const char* fault;

open:
  if (depth == closers_.size() || frames_.size() + depth >= max_depth_) {
    if (frames_.size() + depth >= max_depth_) return Fail("nested too deep", i - 1);
    closers_.resize(std::max(kInitialDepth, 2 * depth));
  }
  closers_[depth++] = CloserOf(c);
  if (c == '{') {
    c = text[positions[i++]];
    if (c == '"') goto colon;
    if (c == '}') goto close;
    fault = "a member's name expected";
    goto fail;
  }
  c = text[positions[i++]];
  if (c == ']') goto close;

value:
  if (c == '"') goto next;
  if (IsOpener(c)) goto open;
  if (ScalarEnd(text + positions[i - 1], text + positions[i], end, c) == nullptr) return FailScalar(i - 1);

next:
  c = text[positions[i++]];
  if (c == ',') {
    c = text[positions[i++]];
    if (closers_[depth - 1] == ']') goto value;
    fault = "a member's name expected";
    if (c != '"') goto fail;
    goto colon;
  }
  fault = "a comma or a closing bracket expected";
  if (c != closers_[depth - 1]) goto fail;

close:
  if (--depth == 0) {
    next_ = i;
    if (i != count || frames_.empty()) return true;
  }
  fault = "a closing bracket expected";
  if (i != count) goto next;
  goto fail;

colon:
  c = text[positions[i++]];
  fault = "a colon expected";
  if (c != ':') goto fail;
  c = text[positions[i++]];
  goto value;

fail:
  return Fail(fault, i - 1);
}

bool JsonWalker::Fail(const char* fault, uint32_t token) {
  fault_ = fault;
  fault_position_ = index_.positions[token];
  return false;
}

bool JsonWalker::FailScalar(uint32_t token) {
  const char first = *At(token);
  return Fail(IsDigit(first) || first == '-' ? "invalid number" : "a value expected", token);
}

}  // namespace kasocki
