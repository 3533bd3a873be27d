#include "filter/char_class.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "filter/wtf8.h"

namespace kasocki {

namespace {

using Range = CodePointRange;

constexpr Range kDigits[] = {{'0', '9'}};
// ECMAScript's WhiteSpace and LineTerminator; RE2's own \s is ASCII and lacks \v.
constexpr Range kSpaces[] = {{'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                             {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
constexpr Range kWord[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
// Long s and the Kelvin sign fold to s and k.
constexpr Range kWordIgnoringCase[] = {{'0', '9'}, {'A', 'Z'},     {'_', '_'},
                                       {'a', 'z'}, {0x17F, 0x17F}, {0x212A, 0x212A}};

struct Category {
  std::string_view name;
  std::string_view long_name;
};

// General categories that RE2 has with JavaScript's meaning. Not among them: C (RE2 leaves unassigned code points out
// of it), Cn and LC.
constexpr Category kCategories[] = {
    {"Cc", "Control"},
    {"Cf", "Format"},
    {"Co", "Private_Use"},
    {"Cs", "Surrogate"},
    {"L", "Letter"},
    {"Ll", "Lowercase_Letter"},
    {"Lm", "Modifier_Letter"},
    {"Lo", "Other_Letter"},
    {"Lt", "Titlecase_Letter"},
    {"Lu", "Uppercase_Letter"},
    {"M", "Mark"},
    {"M", "Combining_Mark"},
    {"Mc", "Spacing_Mark"},
    {"Me", "Enclosing_Mark"},
    {"Mn", "Nonspacing_Mark"},
    {"N", "Number"},
    {"Nd", "Decimal_Number"},
    {"Nd", "digit"},
    {"Nl", "Letter_Number"},
    {"No", "Other_Number"},
    {"P", "Punctuation"},
    {"P", "punct"},
    {"Pc", "Connector_Punctuation"},
    {"Pd", "Dash_Punctuation"},
    {"Pe", "Close_Punctuation"},
    {"Pf", "Final_Punctuation"},
    {"Pi", "Initial_Punctuation"},
    {"Po", "Other_Punctuation"},
    {"Ps", "Open_Punctuation"},
    {"S", "Symbol"},
    {"Sc", "Currency_Symbol"},
    {"Sk", "Modifier_Symbol"},
    {"Sm", "Math_Symbol"},
    {"So", "Other_Symbol"},
    {"Z", "Separator"},
    {"Zl", "Line_Separator"},
    {"Zp", "Paragraph_Separator"},
    {"Zs", "Space_Separator"},
};

const Category* FindCategory(std::string_view name) {
  const auto* found = std::find_if(std::begin(kCategories), std::end(kCategories),
                                   [name](const Category& c) { return c.name == name || c.long_name == name; });
  return found == std::end(kCategories) ? nullptr : found;
}

// Whether ignoring case adds characters to it: U+0345, a mark, folds to iota, the micro sign to mu.
bool IsOpenUnderFolding(std::string_view name) {
  static constexpr std::string_view kOpen[] = {"L", "Ll", "Lt", "Lu", "M", "Mn", "Greek", "Common", "Inherited"};
  return std::find(std::begin(kOpen), std::end(kOpen), name) != std::end(kOpen);
}

bool IsScriptName(std::string_view name) {
  // Whether there is such a script is RE2's to say; "Any" and the categories are its names for something else.
  return name.size() >= 2 && name != "Any" && FindCategory(name) == nullptr &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

}  // namespace

void AppendRe2Literal(uint32_t code_point, std::string* out) {
  const bool alphanumeric = (code_point >= '0' && code_point <= '9') || (code_point >= 'A' && code_point <= 'Z') ||
                            (code_point >= 'a' && code_point <= 'z');
  if (alphanumeric || code_point == ' ' || code_point == '_') {
    *out += static_cast<char>(code_point);
  } else if (code_point > ' ' && code_point < 0x7F) {
    *out += '\\';
    *out += static_cast<char>(code_point);
  } else {
    char text[16];
    std::snprintf(text, sizeof(text), "\\x{%x}", code_point);
    *out += text;
  }
}

void CharClass::Add(uint32_t first, uint32_t last) { ranges_.emplace_back(first, last); }

void CharClass::AddComplement(const Range* ranges, size_t count) {
  uint32_t next = 0;
  for (size_t i = 0; i < count; i++) {
    if (ranges[i].first > next) Add(next, ranges[i].first - 1);
    next = ranges[i].second + 1;
  }
  if (next <= kMaxCodePoint) Add(next, kMaxCodePoint);
}

bool CharClass::AddEscape(char escape, bool ignore_case) {
  const Range* ranges = nullptr;
  size_t count = 0;
  switch (escape | 0x20) {
    case 'd':
      ranges = kDigits;
      count = std::size(kDigits);
      break;
    case 's':
      ranges = kSpaces;
      count = std::size(kSpaces);
      break;
    case 'w':
      ranges = ignore_case ? kWordIgnoringCase : kWord;
      count = ignore_case ? std::size(kWordIgnoringCase) : std::size(kWord);
      break;
    default:
      return false;
  }
  if ((escape & 0x20) != 0) {
    ranges_.insert(ranges_.end(), ranges, ranges + count);
  } else {
    AddComplement(ranges, count);
  }
  return true;
}

std::string CharClass::AddProperty(std::string_view name, bool negated, bool ignore_case) {
  const size_t equals = name.find('=');
  const std::string_view key = equals == std::string_view::npos ? "" : name.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? name : name.substr(equals + 1);
  std::string_view re2_name;
  if (key == "Script" || key == "sc") {
    if (!IsScriptName(value)) return "there is no such script";
    re2_name = value;
  } else if (key.empty() && (name == "Any" || name == "ASCII")) {
    const Range range = {0, name == "Any" ? kMaxCodePoint : 0x7F};
    if (negated) {
      AddComplement(&range, 1);
    } else {
      ranges_.push_back(range);
    }
    return "";
  } else if (key.empty() || key == "General_Category" || key == "gc") {
    const Category* category = FindCategory(value);
    if (category == nullptr) return "RE2 has no such property (scripts are written Script=Greek)";
    re2_name = category->name;
  } else {
    return "RE2 has only the properties Script and General_Category";
  }
  // JavaScript folds after the complement, RE2 before. In [^\p{...}] both fold before.
  if (negated && ignore_case && IsOpenUnderFolding(re2_name)) {
    return "RE2 cannot negate it so while case is ignored (write [^\\p{" + std::string(re2_name) + "}])";
  }
  properties_ += negated ? "\\P{" : "\\p{";
  properties_.append(re2_name).append("}");
  property_count_++;
  return "";
}

bool CharClass::AddCategory(std::string_view name, bool negated) {
  static constexpr std::string_view kAssigned[] = {"L", "M", "N", "P", "S", "Z", "Cc", "Cf", "Co", "Cs"};
  constexpr size_t kNotOther = 6;  // so many of them are not in C
  if (name != "C" && name != "Cn") return FindCategory(name) != nullptr && AddProperty(name, negated, false).empty();
  const size_t count = name == "C" ? kNotOther : std::size(kAssigned);
  if (negated) {
    for (size_t i = 0; i < count; i++) AddProperty(kAssigned[i], false, false);
  } else {
    const std::vector<Range> outside = RangesOutside(kAssigned, count);
    ranges_.insert(ranges_.end(), outside.begin(), outside.end());
  }
  return true;
}

void CharClass::Normalize() {
  std::sort(ranges_.begin(), ranges_.end());
  size_t kept = 0;
  for (const Range& range : ranges_) {
    if (kept > 0 && range.first <= ranges_[kept - 1].second + 1) {
      ranges_[kept - 1].second = std::max(ranges_[kept - 1].second, range.second);
    } else {
      ranges_[kept++] = range;
    }
  }
  ranges_.resize(kept);
}

void CharClass::AppendTo(bool negated, std::string* out) {
  Normalize();
  if (ranges_.empty() && properties_.empty()) {
    *out += negated ? "(?s:.)" : "[^\\x{0}-\\x{10ffff}]";
    return;
  }
  *out += negated ? "[^" : "[";
  for (const auto& [first, last] : ranges_) {
    AppendRe2Literal(first, out);
    if (last == first) continue;
    if (last > first + 1) *out += '-';
    AppendRe2Literal(last, out);
  }
  *out += properties_;
  *out += ']';
}

Literals CharClass::AsLiterals(bool ignore_case) const {
  constexpr uint32_t kFew = 8;
  std::vector<uint32_t> members;
  for (const auto& [first, last] : ranges_) {
    if (last - first >= kFew || members.size() > kFew) return Literals::Unknown();
    for (uint32_t c = first; c <= last; c++) members.push_back(c);
  }
  if (members.empty() || members.size() > kFew || !properties_.empty()) return Literals::Unknown();
  Literals any = Literals::Character(members[0], ignore_case);
  for (size_t i = 1; i < members.size(); i++) any.Alternate(Literals::Character(members[i], ignore_case));
  return any;
}

size_t CharClass::Cost(bool ignore_case) const {
  size_t cost = 4 + ranges_.size() + property_count_ * (ignore_case ? 1400 : 600);
  if (ignore_case) {
    // Folding visits every cased letter of a range: 20 microseconds for all there are.
    constexpr uint32_t kWide = 0x80;
    for (const auto& [first, last] : ranges_) cost += last - first < kWide ? 1 : 40;
  }
  return cost;
}

}  // namespace kasocki
