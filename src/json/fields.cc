// How cutting works.
//
// The scanner has found the text valid and left the index of its tokens. One more walk over that index follows the
// paths: containers that no path leads into are skipped by counting brackets, nothing is parsed again, and nothing is
// copied before the first cut. From then on the text is copied in stretches as long as possible.
//
// Commas: in an object, text is copied up to the end of the last member that was kept, and goes on with the next one
// that is, behind a comma of our own. So it does not matter where in the object the cut members stood. In an array
// nothing moves: `null` stands for what was cut.
//
// The walk does not recurse: depth costs heap, bounded by the depth that the scanner let pass.
#include "json/fields.h"

#include <algorithm>
#include <cstring>

#include "json/token.h"
#include "json/walker.h"

namespace kasocki {

namespace {

constexpr uint32_t kNone = PathTrie::kNone;

}  // namespace

FieldMask::FieldMask(Mode mode, const std::vector<JsonPath>& paths) : mode_(mode) {
  for (const JsonPath& path : paths) trie_.Add(path);
  is_index_.resize(trie_.node_count(), 0);
  for (uint32_t n = 0; n < trie_.node_count(); ++n) {
    for (const PathTrie::Element& element : trie_.node(n).elements) is_index_[element.child] = 1;
  }
  std::vector<JsonPath> sorted = paths;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  canonical_ = mode == Mode::kDrop ? "drop" : "only";
  for (const JsonPath& path : sorted) {
    canonical_ += '[';
    for (const std::string& segment : path) AppendJsonString(segment, &canonical_);
    canonical_ += ']';
  }
}

char FieldCutter::At(uint32_t token) const { return index_->text[index_->positions[token]]; }

size_t FieldCutter::Position(uint32_t token) const { return index_->positions[token]; }

size_t FieldCutter::EndBefore(uint32_t token) const {
  size_t end = Position(token);
  while (IsJsonSpace(index_->text[end - 1])) --end;
  return end;
}

bool FieldCutter::Cut(const FieldMask& mask, const JsonScanner& scanner, std::string* out) {
  mask_ = &mask;
  index_ = &scanner.index();
  out_ = out;
  out->clear();
  done_ = 0;
  cut_ = false;
  frames_.clear();
  states_.clear();
  states_.push_back({PathTrie::kRoot, false});
  Enter(0, 0);

  uint32_t token = 1;
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    if (At(token) == ',') ++token;
    if (At(token) == frame.closer) {
      if (frame.pending) done_ = Position(token);
      states_.resize(frame.states_begin);
      frames_.pop_back();
      ++token;
      if (!frames_.empty()) frames_.back().kept_token = token;
      continue;
    }
    const bool is_member = frame.closer == '}';
    const size_t states_begin = states_.size();
    const Verdict verdict = is_member ? JudgeMember(frame, token) : JudgeElement(frame, frame.next_index++);
    const uint32_t value = is_member ? token + 2 : token;
    const bool enter = !verdict.whole && verdict.through && IsOpener(At(value));
    if (enter || verdict.whole == (mask.mode() == FieldMask::Mode::kOnly)) {
      if (is_member) KeepMember(&frame, token);
      if (enter) {
        Enter(value, states_begin);
        token = value + 1;
        continue;
      }
      token = Skip(value);
      frame.kept_token = token;
    } else {
      token = Skip(value);
      if (is_member) {
        CutMember(&frame);
      } else {
        CutElement(value, token);
      }
    }
    states_.resize(states_begin);
  }
  if (cut_) Flush(index_->length);
  return cut_;
}

// The member whose name is at `token`.
FieldCutter::Verdict FieldCutter::JudgeMember(const Frame& frame, uint32_t token) {
  const char* name = index_->text + Position(token) + 1;
  size_t length = static_cast<size_t>(ClosingQuote(index_->text + Position(token + 1)) - name);
  if (index_->escapes && std::memchr(name, '\\', length) != nullptr) {
    name_.clear();
    UnescapeJsonString(std::string_view(name, length), &name_);
    length = name_.size();
    name_.append(PathTrie::kNameReadable, '\0');
    name = name_.data();
  }
  const PathTrie& trie = mask_->trie();
  const unsigned signature = PathTrie::Signature(name, length);
  const size_t states_begin = states_.size();
  bool whole = false;
  for (size_t i = frame.states_begin; i < frame.states_end; ++i) {
    const State state = states_[i];
    const PathTrie::Node& node = trie.node(state.node);
    if ((node.signatures >> signature & 1) == 0) continue;
    const uint32_t child = trie.Find(node, name, length);
    if (child == kNone || (state.through && mask_->is_index(child))) continue;
    whole = whole || trie.node(child).id != kNone;
    states_.push_back({child, false});
  }
  return Found(states_begin, whole);
}

FieldCutter::Verdict FieldCutter::JudgeElement(const Frame& frame, uint32_t index) {
  const PathTrie& trie = mask_->trie();
  const size_t states_begin = states_.size();
  bool whole = false;
  for (size_t i = frame.states_begin; i < frame.states_end; ++i) {
    const State state = states_[i];
    if (!state.through) {
      const uint32_t child = trie.FindElement(trie.node(state.node), index);
      if (child != kNone) {
        whole = whole || trie.node(child).id != kNone;
        states_.push_back({child, false});
      }
    }
    if (mask_->has_names(state.node)) states_.push_back({state.node, true});
  }
  return Found(states_begin, whole);
}

FieldCutter::Verdict FieldCutter::Found(size_t states_begin, bool whole) {
  if (whole) states_.resize(states_begin);
  return {whole, states_.size() > states_begin};
}

// The container at `token`, with the states from states_begin on.
void FieldCutter::Enter(uint32_t token, size_t states_begin) {
  Frame frame;
  frame.states_begin = states_begin;
  frame.states_end = states_.size();
  frame.closer = CloserOf(At(token));
  frame.opener = Position(token);
  frames_.push_back(frame);
}

// The member whose name is at `token`.
void FieldCutter::KeepMember(Frame* frame, uint32_t token) {
  if (!frame->pending) return;
  frame->pending = false;
  if (frame->kept_token != 0) out_->push_back(',');
  done_ = Position(token);
}

void FieldCutter::CutMember(Frame* frame) {
  if (frame->pending) return;
  frame->pending = true;
  cut_ = true;
  Flush(frame->kept_token == 0 ? frame->opener + 1 : EndBefore(static_cast<uint32_t>(frame->kept_token)));
}

void FieldCutter::CutElement(uint32_t token, uint32_t next_token) {
  cut_ = true;
  Flush(Position(token));
  out_->append("null");
  done_ = EndBefore(next_token);
}

// Behind the value at `token`.
uint32_t FieldCutter::Skip(uint32_t token) const {
  size_t depth = 0;
  do {
    const char c = At(token++);
    if (IsOpener(c)) ++depth;
    if (c == '}' || c == ']') --depth;
  } while (depth > 0);
  return token;
}

void FieldCutter::Flush(size_t end) {
  out_->append(index_->text + done_, end - done_);
  done_ = end;
}

}  // namespace kasocki
