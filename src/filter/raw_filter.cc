// Filtering before parsing, as in Palkar et al., "Filter Before You Parse" (VLDB 2018).
//
// A filter that few records pass would spend nearly all of its time on scanning records of which nothing is forwarded. To
// refuse one of them, it is enough to know that a condition cannot hold. For `{ 'user.name': 'Ann' }` to hold, a member
// `name` with the value "Ann" must stand somewhere in the text. So the text is searched for `"name"`, by SIMD, and what
// stands behind each is looked at. A search takes a tenth of the time of a scan.
//
// It may err on one side alone. These make it sure that a member `name` is found wherever the parser would find one:
//
//   - JSON can write a character in more than one way, by escapes. Of names without `"`, `\`, `/` and control characters
//     there is only one other spelling, \uXXXX. Texts with a \u are let through, and other names are not looked for.
//   - A last segment such as `0` may be an array's index, which stands nowhere: conditions on it are not used.
//   - A value with an escape in it, an array, or what is no JSON value at all is let through, for the scanner to judge.
//   - Patterns are not searched for: that may take long, and the scanner's side has a budget for it.
//   - What does not even begin and end as a message does is let through: so it is known that it is no JSON, whoever wants it.
//   - All places are looked at, so it does not matter which of duplicate members counts, nor on which level one stands,
//     nor that something within a string may look like one.
//
// It pays if it refuses many. How many is counted, and where they are few it is asked about a part of the texts only, in
// case that changes.
#include "filter/raw_filter.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "common/padding.h"
#include "filter/condition.h"
#include "json/token.h"

namespace kasocki {

namespace {

// Searches for one text, of all filters together.
constexpr size_t kMostLooks = RawFilter::kMostFilters;
// It pays where one text of so many is refused; else it is asked again after so many times.
constexpr size_t kWorthRefusing = 4;
constexpr size_t kRest = 16;
// Places that are compared at a time.
constexpr size_t kBlock = 16;
static_assert(2 * kBlock <= kPadding, "a block is read beyond the end of the text");

bool IsPlain(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\' && c != '/'; });
}

bool MayBeIndex(const std::string& name) { return std::all_of(name.begin(), name.end(), IsDigit); }

// `text` is that of a record, so a backslash begins an escape wherever one may stand.
bool HasUnicodeEscape(std::string_view text) {
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p < end; p += 2) {
    p = static_cast<const char*>(std::memchr(p, '\\', static_cast<size_t>(end - p)));
    if (p == nullptr) return false;
    if (p[1] == 'u') return true;
  }
  return false;
}

// Compilers make SIMD of operations on it, whatever the processor.
using Block = uint8_t __attribute__((vector_size(kBlock)));
using Words = uint64_t __attribute__((vector_size(kBlock)));

Block Load(const char* p) {
  Block block;
  std::memcpy(&block, p, kBlock);
  return block;
}

// The first place from `p` on where `wanted` (two characters or more) stands before `end`, or null.
//
// Two bytes of it are compared at a block of places at once, the rest where they are equal. The two are the opening quote
// and the last character of the name: few names have both at that distance.
const char* Find(const char* p, const char* end, const std::string& wanted) {
  if (static_cast<size_t>(end - p) < wanted.size()) return nullptr;
  const char* const last = end - wanted.size();
  const size_t distance = wanted.size() - 2;
  const Block first = Block{} + static_cast<uint8_t>(wanted[0]);
  const Block second = Block{} + static_cast<uint8_t>(wanted[distance]);
  for (; p <= last; p += kBlock) {
    const Words both = (Words)((Load(p) == first) & (Load(p + distance) == second));
    if ((both[0] | both[1]) == 0) continue;
    for (size_t i = 0; i < kBlock && p + i <= last; ++i) {
      if (p[i] == wanted[0] && std::memcmp(p + i, wanted.data(), wanted.size()) == 0) return p + i;
    }
  }
  return nullptr;
}

const char* SkipSpace(const char* p, const char* end) {
  while (p < end && IsJsonSpace(*p)) ++p;
  return p;
}

// It begins and ends as an object or array does.
bool LooksWhole(std::string_view text) {
  while (!text.empty() && IsJsonSpace(text.back())) text.remove_suffix(1);
  const char* const p = SkipSpace(text.data(), text.data() + text.size());
  return !text.empty() && IsOpener(*p) && text.back() == CloserOf(*p);
}

// Whether the condition may hold for the value that begins at p.
bool MayHoldFor(const Condition& condition, const char* p, const char* end) {
  if (p == end || *p == '[') return true;
  if (*p == '{') return false;
  if (condition.test() == Condition::Test::kRegex) return true;
  JsonValue value;
  const char* behind;
  if (*p == '"') {
    ++p;
    behind = static_cast<const char*>(std::memchr(p, '"', static_cast<size_t>(end - p)));
    if (behind == nullptr || std::memchr(p, '\\', static_cast<size_t>(behind - p)) != nullptr) return true;
    value.kind = JsonKind::kString;
  } else if (IsDigit(*p) || *p == '-') {
    behind = SkipNumber(p, end);
    value.kind = JsonKind::kNumber;
  } else {
    behind = SkipLiteral(p);
    value.kind = *p == 't' ? JsonKind::kTrue : *p == 'f' ? JsonKind::kFalse : JsonKind::kNull;
  }
  if (behind == nullptr || behind > end) return true;
  value.text = std::string_view(p, static_cast<size_t>(behind - p));
  return condition.EqualsScalar(value);
}

}  // namespace

RawFilter::RawFilter(std::vector<std::shared_ptr<const Filter>> filters) : filters_(std::move(filters)) {
  if (filters_.empty() || filters_.size() > kMostFilters) return;
  std::vector<Looks> looks;
  for (const std::shared_ptr<const Filter>& filter : filters_) {
    Looks& of_filter = looks.emplace_back();
    const size_t count = filter != nullptr ? filter->conditions().size() : 0;
    for (size_t i = 0; i < count && of_filter.size() < kMostLooks / filters_.size(); ++i) {
      const std::string& name = filter->paths()[i].back();
      if (IsPlain(name) && !MayBeIndex(name)) of_filter.push_back({'"' + name + '"', &filter->conditions()[i]});
    }
    if (of_filter.empty()) return;
  }
  looks_ = std::move(looks);
}

bool RawFilter::Begin() {
  if (looks_.empty()) return false;
  if (asked_ > 0 && refused_ * kWorthRefusing < asked_) rest_ = kRest;
  asked_ = 0;
  refused_ = 0;
  if (rest_ == 0) return true;
  --rest_;
  return false;
}

bool RawFilter::MayMatch(std::string_view text) {
  ++asked_;
  const bool may =
      !LooksWhole(text) || HasUnicodeEscape(text) || std::any_of(looks_.begin(), looks_.end(), [&](const Looks& looks) {
        return std::all_of(looks.begin(), looks.end(), [&](const Look& look) { return MayHold(look, text); });
      });
  if (!may) ++refused_;
  return may;
}

bool RawFilter::MayHold(const Look& look, std::string_view text) {
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); (p = Find(p, end, look.quoted_name)) != nullptr;) {
    p = SkipSpace(p + look.quoted_name.size(), end);
    if (p < end && *p == ':' && MayHoldFor(*look.condition, SkipSpace(p + 1, end), end)) return true;
  }
  return false;
}

}  // namespace kasocki
