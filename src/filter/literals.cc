// A sequence is read from left to right. As long as its parts are known exactly they make a run, all of whose spellings
// are kept; a part that is not known, or too many spellings, ends it. The best of all runs is what the whole requires:
// long enough for an index to tell it from others, and few. Characters without a spelling in UTF-8 (lone surrogates)
// are taken for unknown.
#include "filter/literals.h"

#include <algorithm>
#include <utility>

#include "filter/regex.h"
#include "filter/wtf8.h"

namespace kasocki {

namespace {

constexpr size_t kMaxRun = 16;           // spellings of one run
constexpr size_t kMaxAlternatives = 64;  // spellings of alternatives together
constexpr size_t kMaxLength = 48;        // bytes of a run
constexpr size_t kTelling = 4;           // bytes that an index looks at: more of them don't help it

void SortUnique(std::vector<std::string>* texts) {
  std::sort(texts->begin(), texts->end());
  texts->erase(std::unique(texts->begin(), texts->end()), texts->end());
}

size_t Shortest(const std::vector<std::string>& texts) {
  size_t shortest = SIZE_MAX;
  for (const std::string& text : texts) shortest = std::min(shortest, text.size());
  return texts.empty() ? 0 : shortest;
}

bool Better(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const size_t shortest_a = Shortest(a);
  const size_t shortest_b = Shortest(b);
  const size_t telling_a = std::min(shortest_a, kTelling);
  const size_t telling_b = std::min(shortest_b, kTelling);
  if (telling_a != telling_b) return telling_a > telling_b;
  if (a.size() != b.size()) return a.size() < b.size();
  return shortest_a > shortest_b;
}

}  // namespace

void FoldAscii(const char* text, size_t size, char* out) {
  for (size_t i = 0; i < size; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    out[i] = static_cast<char>(c | (static_cast<unsigned char>(c - 'A') < 26 ? 0x20 : 0));
  }
}

Literals Literals::Unknown() {
  Literals unknown;
  unknown.exact_ = false;
  return unknown;
}

Literals Literals::OneOf(std::vector<std::string> texts) {
  if (texts.empty() || texts.size() > kMaxRun) return Unknown();
  Literals literals;
  literals.run_ = std::move(texts);
  SortUnique(&literals.run_);
  return literals;
}

Literals Literals::Character(uint32_t code_point, bool ignore_case) {
  std::vector<std::string> texts;
  for (uint32_t c = code_point;;) {
    std::string& text = texts.emplace_back();
    if (!AppendUtf8(c, &text)) return Unknown();
    FoldAscii(text.data(), text.size(), text.data());
    c = ignore_case ? NextCase(c) : code_point;
    if (c == code_point) return OneOf(std::move(texts));
  }
}

void Literals::Consider(const std::vector<std::string>& texts) {
  if (Shortest(texts) > 0 && Better(texts, required_)) required_ = texts;
}

void Literals::EndRun() {
  Consider(run_);
  exact_ = false;
  run_.assign(1, std::string());
}

// False, and nothing changed, if that would be too many or too long.
bool Literals::AppendRun(const std::vector<std::string>& next) {
  if (run_.size() * next.size() > kMaxRun) return false;
  size_t longest = 0;
  for (const std::string& text : next) longest = std::max(longest, text.size());
  for (const std::string& text : run_) {
    if (text.size() + longest > kMaxLength) return false;
  }
  if (next.size() == 1) {
    for (std::string& text : run_) text += next[0];
    return true;
  }
  std::vector<std::string> product;
  product.reserve(run_.size() * next.size());
  for (const std::string& first : run_) {
    for (const std::string& second : next) product.push_back(first + second);
  }
  SortUnique(&product);
  run_ = std::move(product);
  return true;
}

void Literals::Append(const Literals& next) {
  if (!next.exact_) {
    EndRun();
    Consider(next.required_);
    run_ = next.run_;
  } else if (!AppendRun(next.run_)) {
    EndRun();
    run_ = next.run_;
  }
}

void Literals::Alternate(const Literals& other) {
  if (exact_ && other.exact_ && run_.size() + other.run_.size() <= kMaxRun) {
    run_.insert(run_.end(), other.run_.begin(), other.run_.end());
    SortUnique(&run_);
    return;
  }
  std::vector<std::string> either = Required();
  const std::vector<std::string> others = other.Required();
  const bool known = !either.empty() && !others.empty();
  either.insert(either.end(), others.begin(), others.end());
  SortUnique(&either);
  *this = Unknown();
  if (known && either.size() <= kMaxAlternatives) required_ = std::move(either);
}

void Literals::Repeat(uint32_t min, uint32_t max) {
  if (min == 1 && max == 1) return;
  if (min > 0) {
    EndRun();
  } else if (exact_ && max == 1 && run_.size() < kMaxRun) {
    run_.emplace_back();
    SortUnique(&run_);
  } else {
    *this = Unknown();
  }
}

std::vector<std::string> Literals::Required() const {
  if (Shortest(run_) > 0 && Better(run_, required_)) return run_;
  return required_;
}

}  // namespace kasocki
