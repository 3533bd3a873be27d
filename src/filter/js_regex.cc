// JavaScript's pattern syntax rewritten for RE2.
//
// A recursive-descent parser over ECMAScript's grammar (Pattern, with Annex B's leniency) that writes as it reads.
// Nothing of JavaScript's text is passed through unread: the two syntaxes look alike and differ in what \s, ., $, \z,
// [^], \07 or {,5} mean. Classes are computed as sets of code points, single characters are written out escaped, so
// that what RE2 gets is a small language in which the two cannot disagree: literals, [ranges], (?:groups), |, * + ?
// {n,m}, \A, \z, \b, \B.
//
// Only "is there a match" is asked. For that laziness, captures and the order of alternatives are without effect.
#include <cstdio>
#include <string>
#include <string_view>

#include "filter/char_class.h"
#include "filter/regex.h"
#include "filter/wtf8.h"

namespace kasocki {

namespace {

constexpr int kMaxDepth = 200;         // of groups in groups; RE2's own limit is 1000
constexpr uint32_t kMaxRepeat = 1000;  // RE2's
constexpr size_t kMaxCost = 40000;     // about 20 ms

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAsciiLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  Result<TranslatedRegex> Translate() {
    CountGroups();
    LeadingFlags();
    const std::string flags = ignore_case_ ? "(?i)" : "";
    if (error_.empty()) Disjunction(0);
    if (error_.empty() && !AtEnd()) Fail(at_, "unmatched )");
    if (!error_.empty()) {
      return Error{ErrorKind::kInvalidFilter, "regular expression /" + Excerpt(in_) + "/: " + error_, ""};
    }
    // RE2 sees bytes: an empty match of \B could stand in the middle of a character. Behind whole characters it can't.
    if (has_not_boundary_) out_ = "\\A(?s:.)*?(?:" + out_ + ")";
    return TranslatedRegex{flags + out_, cost_};
  }

 private:
  bool AtEnd() const { return at_ >= in_.size(); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  bool LookingAt(std::string_view text) const { return in_.substr(at_, text.size()) == text; }
  bool Skip(std::string_view text) {
    if (!LookingAt(text)) return false;
    at_ += text.size();
    return true;
  }

  // Notes the first fault, with its place counted in characters from 1. Gives false for `return Fail(...)`.
  bool Fail(size_t at, const std::string& what) {
    if (!error_.empty()) return false;
    size_t characters = 1;
    uint32_t ignored = 0;
    for (size_t i = 0; i < at && DecodeWtf8(in_, &i, &ignored);) characters++;
    error_ = what + ", at character " + std::to_string(characters);
    return false;
  }

  bool Spend(size_t cost) {
    cost_ += cost;
    return cost_ <= kMaxCost || Fail(at_, "it is too complex");
  }

  // What \1 and \k mean depends on the groups of the whole pattern.
  void CountGroups() {
    bool in_class = false;
    for (size_t i = 0; i < in_.size(); i++) {
      const char c = in_[i];
      if (c == '\\') {
        i++;
      } else if (in_class) {
        in_class = c != ']';
      } else if (c == '[') {
        in_class = true;
      } else if (c == '(') {
        const std::string_view rest = in_.substr(i + 1);
        const bool named = rest.starts_with("?<") && !rest.starts_with("?<=") && !rest.starts_with("?<!");
        if (named) has_named_groups_ = true;
        if (named || !rest.starts_with("?")) group_count_++;
      }
    }
  }

  void LeadingFlags() {
    while (LookingAt("(?i") || LookingAt("(?s")) {
      const size_t end = in_.find_first_not_of("is", at_ + 2);
      if (end == std::string_view::npos || in_[end] != ')') break;
      for (const char flag : in_.substr(at_ + 2, end - at_ - 2)) (flag == 'i' ? ignore_case_ : dot_all_) = true;
      at_ = end + 1;
    }
  }

  bool Disjunction(int depth) {
    while (!AtEnd() && Peek() != ')') {
      if (Skip("|")) {
        out_ += '|';
        if (!Spend(1)) return false;
      } else if (!Term(depth)) {
        return false;
      }
    }
    return true;
  }

  bool Term(int depth) {
    if (Assertion()) return Quantifier(false);
    const size_t begin = at_;
    CharClass set;
    switch (Peek()) {
      case '(':
        if (!Group(depth)) return false;
        break;
      case '[':
        if (!Class()) return false;
        break;
      case '.':
        at_++;
        out_ += dot_all_ ? "(?s:.)" : "[^\\n\\r\\x{2028}\\x{2029}]";
        if (!Spend(4)) return false;
        break;
      case '*':
      case '+':
      case '?':
      case '{': {
        uint32_t min = 0;
        uint32_t max = 0;
        if (Peek() != '{' || Braces(&min, &max)) return Fail(begin, "nothing to repeat");
        [[fallthrough]];
      }
      default: {
        bool is_set = false;
        uint32_t c = 0;
        if (!Atom(false, &set, &is_set, &c)) return false;
        if (is_set) {
          set.AppendTo(false, &out_);
          if (!Spend(set.Cost(ignore_case_))) return false;
        } else {
          AppendRe2Literal(c, &out_);
          if (!Spend(c < 0x80 && !ignore_case_ ? 1 : 3)) return false;
        }
      }
    }
    return Quantifier(true);
  }

  bool Assertion() {
    const char* meaning = nullptr;
    if (Skip("^")) {
      meaning = "\\A";
    } else if (Skip("$")) {
      meaning = "\\z";
    } else if (Skip("\\b")) {
      meaning = "\\b";
    } else if (Skip("\\B")) {
      meaning = "\\B";
      has_not_boundary_ = true;
    }
    if (meaning == nullptr) return false;
    out_ += meaning;
    return Spend(1) || true;  // a fault is noticed by Quantifier
  }

  // {n}, {n,} or {n,m}: moves behind it. Else false, and nothing moved. `max` is UINT32_MAX where there is none.
  bool Braces(uint32_t* min, uint32_t* max) {
    size_t i = at_ + 1;
    const auto number = [&](uint32_t* value) {
      const size_t first = i;
      *value = 0;
      for (; i < in_.size() && IsDigit(in_[i]); i++) {
        if (*value <= kMaxRepeat)
          *value = *value * 10 + static_cast<uint32_t>(in_[i] - '0');  // larger ones are refused
      }
      return i > first;
    };
    if (!number(min)) return false;
    *max = *min;
    if (i < in_.size() && in_[i] == ',') {
      i++;
      if (!number(max)) *max = UINT32_MAX;
    }
    if (i >= in_.size() || in_[i] != '}') return false;
    at_ = i + 1;
    return true;
  }

  // The quantifier behind a term, if one stands there.
  bool Quantifier(bool allowed) {
    if (!error_.empty()) return false;
    const size_t begin = at_;
    uint32_t min = 0;
    uint32_t max = 0;
    if (Peek() == '{') {
      if (!Braces(&min, &max)) return true;
      const bool bounded = max != UINT32_MAX;
      if (min > kMaxRepeat || (bounded && max > kMaxRepeat)) {
        return Fail(begin, "RE2 repeats at most 1000 times: " + Excerpt(in_.substr(begin, at_ - begin)));
      }
      if (max < min) return Fail(begin, "the numbers of a repeat are out of order");
      if (!Spend((bounded ? max : min) / 6)) return false;
    } else if (!Skip("*") && !Skip("+") && !Skip("?")) {
      return true;
    } else if (!Spend(1)) {
      return false;
    }
    if (!allowed) return Fail(begin, "nothing to repeat");
    Skip("?");
    out_ += in_.substr(begin, at_ - begin);
    if (AtEnd()) return true;
    const size_t second = at_;
    const char next = Peek();
    if (next == '*' || next == '+' || next == '?' || (next == '{' && Braces(&min, &max))) {
      return Fail(second, "nothing to repeat");
    }
    return true;
  }

  bool Group(int depth) {
    const size_t begin = at_;
    if (depth >= kMaxDepth) return Fail(begin, "groups are nested too deeply");
    at_++;
    const bool outer_ignore_case = ignore_case_;
    const bool outer_dot_all = dot_all_;
    if (Skip("?")) {
      if (LookingAt("=") || LookingAt("!")) return Fail(begin, "RE2 has no look-ahead");
      if (LookingAt("<=") || LookingAt("<!")) return Fail(begin, "RE2 has no look-behind");
      if (Skip("<")) {
        if (!GroupName(begin)) return false;
      } else if (!Skip(":") && !Modifiers(begin)) {
        return false;
      }
    }
    out_ += ignore_case_ == outer_ignore_case ? "(?:" : ignore_case_ ? "(?i:" : "(?-i:";
    if (!Spend(2) || !Disjunction(depth + 1)) return false;
    if (!Skip(")")) return Fail(begin, "a group without its )");
    out_ += ')';
    ignore_case_ = outer_ignore_case;
    dot_all_ = outer_dot_all;
    return true;
  }

  // Behind `(?<`. The name is checked and forgotten: two groups may share one, as ECMAScript 2025 allows in
  // alternatives.
  bool GroupName(size_t begin) {
    const size_t end = in_.find('>', at_);
    const std::string_view name = in_.substr(at_, end == std::string_view::npos ? end : end - at_);
    bool valid = end != std::string_view::npos && !name.empty() && !IsDigit(name.front());
    for (const char c : name) {
      // Letters beyond ASCII and \u escapes are taken on trust.
      valid = valid &&
              (IsAsciiLetter(c) || IsDigit(c) || (c & 0x80) != 0 || std::string_view("_$\\{}").find(c) != name.npos);
    }
    if (!valid) return Fail(begin, "invalid name of a group");
    at_ = end + 1;
    return true;
  }

  // Behind `(?`: the flags of ECMAScript 2025's (?i-s:...).
  bool Modifiers(size_t begin) {
    const size_t end = in_.find_first_not_of("ims-", at_);
    const std::string_view flags = in_.substr(at_, end == std::string_view::npos ? end : end - at_);
    if (end == std::string_view::npos || flags.empty() || (in_[end] != ':' && in_[end] != ')')) {
      return Fail(begin, "an unknown kind of group");
    }
    if (flags.find('m') != std::string_view::npos) return Fail(begin, "the flag m does not work, only i and s do");
    if (in_[end] == ')') return Fail(begin, "flags work in front of the whole pattern only");
    bool on = true;
    std::string_view rest = flags;
    for (; !rest.empty(); rest.remove_prefix(1)) {
      const char flag = rest.front();
      if (flag == '-' ? !on : rest.substr(1).find(flag) != rest.npos) return Fail(begin, "a flag twice");
      if (flag == '-') on = false;
      if (flag == 'i') ignore_case_ = on;
      if (flag == 's') dot_all_ = on;
    }
    if (flags == "-") return Fail(begin, "an unknown kind of group");
    at_ = end + 1;
    return true;
  }

  bool Class() {
    const size_t begin = at_++;
    const bool negated = Skip("^");
    CharClass set;
    while (!AtEnd() && Peek() != ']') {
      const size_t item = at_;
      bool first_is_set = false;
      bool last_is_set = false;
      uint32_t first = 0;
      uint32_t last = 0;
      if (!Atom(true, &set, &first_is_set, &first)) return false;
      if (Peek() != '-' || Peek(1) == ']' || at_ + 1 >= in_.size()) {
        if (!first_is_set) set.Add(first, first);
      } else {
        at_++;
        if (!Atom(true, &set, &last_is_set, &last)) return false;
        if (first_is_set || last_is_set) {
          // Annex B: a class escape is no end of a range; all three are members.
          if (!first_is_set) set.Add(first, first);
          if (!last_is_set) set.Add(last, last);
          set.Add('-', '-');
        } else if (last < first) {
          return Fail(item, "a range out of order");
        } else {
          set.Add(first, last);
        }
      }
      if (!Spend(1)) return false;
    }
    if (!Skip("]")) return Fail(begin, "a class without its ]");
    set.AppendTo(negated, &out_);
    return Spend(set.Cost(ignore_case_));
  }

  // One character, or an escape for one or for a set of them, which is added to `set`.
  bool Atom(bool in_class, CharClass* set, bool* is_set, uint32_t* c) {
    const size_t begin = at_;
    if (Peek() != '\\') {
      return DecodeWtf8(in_, &at_, c) || Fail(begin, "not UTF-8");
    }
    at_++;
    if (AtEnd()) return Fail(begin, "it ends with a backslash");
    const char kind = Peek();
    if (set->AddEscape(kind, ignore_case_)) {
      at_++;
      *is_set = true;
      return true;
    }
    if ((kind == 'p' || kind == 'P') && Peek(1) == '{') {
      const size_t end = in_.find('}', at_);
      if (end == std::string_view::npos) return Fail(begin, "a property without its }");
      const std::string fault = set->AddProperty(in_.substr(at_ + 2, end - at_ - 2), kind == 'P', ignore_case_);
      at_ = end + 1;
      *is_set = true;
      return fault.empty() || Fail(begin, Excerpt(in_.substr(begin, at_ - begin)) + ": " + fault);
    }
    if (in_class && Skip("b")) {
      *c = '\b';
      return true;
    }
    if (!in_class && IsBackReference()) return Fail(begin, "RE2 has no back-references");
    return CharacterEscape(in_class, c);
  }

  // Behind a backslash outside of a class. Where there is no such group, \7 is an octal escape and \k a k.
  bool IsBackReference() const {
    if (Peek() == 'k') return has_named_groups_;
    if (Peek() < '1' || Peek() > '9') return false;
    size_t number = 0;
    for (size_t i = 0; IsDigit(Peek(i)) && number <= group_count_; i++) {
      number = number * 10 + static_cast<size_t>(Peek(i) - '0');
    }
    return number <= group_count_;
  }

  // `digits` hexadecimal digits from at_ on: moves behind them, else false.
  bool Hex(size_t digits, uint32_t* value) {
    *value = 0;
    for (size_t i = 0; i < digits; i++) {
      const int digit = HexValue(Peek(i));
      if (digit < 0) return false;
      *value = *value * 16 + static_cast<uint32_t>(digit);
    }
    at_ += digits;
    return true;
  }

  bool CharacterEscape(bool in_class, uint32_t* c) {
    const size_t begin = at_ - 1;
    const char kind = Peek();
    if (kind >= '0' && kind <= '7') {
      // Annex B's octal escape: up to three digits, at most 0377. \0 is the one of them that everybody has.
      *c = 0;
      for (int i = 0; i < 3 && Peek() >= '0' && Peek() <= '7' && *c * 8 + static_cast<uint32_t>(Peek() - '0') <= 0xFF;
           i++) {
        *c = *c * 8 + static_cast<uint32_t>(in_[at_++] - '0');
      }
      return true;
    }
    if (!DecodeWtf8(in_, &at_, c)) return Fail(begin, "not UTF-8");
    switch (kind) {
      case 't':
        *c = '\t';
        break;
      case 'n':
        *c = '\n';
        break;
      case 'v':
        *c = '\v';
        break;
      case 'f':
        *c = '\f';
        break;
      case 'r':
        *c = '\r';
        break;
      case 'c':
        if (IsAsciiLetter(Peek()) || (in_class && (IsDigit(Peek()) || Peek() == '_'))) {
          *c = static_cast<uint32_t>(in_[at_++]) & 31;
        } else {
          *c = '\\';  // Annex B: the backslash itself; the c comes next
          at_--;
        }
        break;
      case 'x': {
        uint32_t value = 0;
        if (Hex(2, &value)) *c = value;
        break;
      }
      case 'u':
        return UnicodeEscape(begin, c);
      default:  // the character itself
        break;
    }
    return true;
  }

  // Behind `\u`. *c is 'u' and stays so if no digits follow, as Annex B has it.
  bool UnicodeEscape(size_t begin, uint32_t* c) {
    uint32_t value = 0;
    if (Peek() == '{') {
      const size_t end = in_.find_first_not_of("0123456789abcdefABCDEF", at_ + 1);
      if (end == std::string_view::npos || end == at_ + 1 || in_[end] != '}') return true;
      for (size_t i = at_ + 1; i < end && value <= kMaxCodePoint; i++) {
        value = value * 16 + static_cast<uint32_t>(HexValue(in_[i]));
      }
      if (value > kMaxCodePoint) return Fail(begin, "there is no code point beyond 10FFFF");
      at_ = end + 1;
      *c = value;
      return true;
    }
    if (!Hex(4, &value)) return true;
    *c = value;
    if (value < 0xD800 || value > 0xDBFF) return true;
    const size_t behind = at_;
    uint32_t low = 0;
    if (Skip("\\u") && Hex(4, &low) && low >= 0xDC00 && low <= 0xDFFF) {
      *c = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
    } else {
      at_ = behind;
    }
    return true;
  }

  const std::string_view in_;
  size_t at_ = 0;
  std::string out_;
  size_t cost_ = 0;
  std::string error_;
  size_t group_count_ = 0;
  bool has_named_groups_ = false;
  bool has_not_boundary_ = false;
  bool ignore_case_ = false;
  bool dot_all_ = false;
};

}  // namespace

Result<TranslatedRegex> TranslateJsRegex(std::string_view pattern) { return Translator(pattern).Translate(); }

}  // namespace kasocki
