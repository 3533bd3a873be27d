// JavaScript's pattern syntax rewritten for RE2.
//
// A recursive-descent parser over ECMAScript's grammar (Pattern, with Annex B's leniency) that writes as it reads.
// Nothing of JavaScript's text is passed through unread: the two syntaxes look alike and differ in what \s, ., $, \z,
// [^], \07 or {,5} mean. Classes are computed as sets of code points, single characters are written out escaped, so
// that what RE2 gets is a small language in which the two cannot disagree: literals, [ranges], (?:groups), |, * + ?
// {n,m}, \A, \z, \b, \B.
//
// Only "is there a match" is asked. For that laziness, captures and the order of alternatives are without effect.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "filter/char_class.h"
#include "filter/literals.h"
#include "filter/pattern_reader.h"
#include "filter/regex.h"
#include "filter/wtf8.h"

namespace kasocki {

namespace {

constexpr uint32_t kMaxRepeat = 1000;  // RE2's
constexpr int kMaxDepth = 200;         // of groups in groups; RE2's own limit is 1000

class Translator : private PatternReader {
 public:
  explicit Translator(std::string_view pattern) : PatternReader(pattern) {}

  Result<TranslatedRegex> Translate() {
    CountGroups();
    LeadingFlags();
    const std::string flags = ignore_case_ ? "(?i)" : "";
    Literals literals;
    if (error_.empty()) Disjunction(0, &literals);
    if (error_.empty() && !AtEnd()) Fail(at_, "unmatched )");
    if (!error_.empty()) {
      return Error{ErrorKind::kInvalidFilter, "regular expression /" + Excerpt(in_) + "/: " + error_, ""};
    }
    // RE2 sees bytes: an empty match of \B could stand in the middle of a character. Behind whole characters it can't.
    if (has_not_boundary_) out_ = "\\A(?s:.)*?(?:" + out_ + ")";
    return TranslatedRegex{flags + out_, cost_, std::move(literals)};
  }

 private:
  bool Spend(size_t cost) {
    cost_ += cost;
    return cost_ <= kMaxRegexCost || Fail(at_, "it is too complex");
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

  // `literals` become what is known of its matches.
  bool Disjunction(int depth, Literals* literals) {
    bool is_first = true;
    Literals alternative;
    const auto end_alternative = [&] {
      if (is_first) {
        *literals = std::move(alternative);
      } else {
        literals->Alternate(alternative);
      }
      alternative = Literals();
      is_first = false;
    };
    while (!AtEnd() && Peek() != ')') {
      if (Skip("|")) {
        out_ += '|';
        end_alternative();
        if (!Spend(1)) return false;
      } else if (!Term(depth, &alternative)) {
        return false;
      }
    }
    end_alternative();
    return true;
  }

  // Appends what is known of its matches to `sequence`.
  bool Term(int depth, Literals* sequence) {
    if (Assertion()) return Spend(1) && Quantifier(false, nullptr);
    const size_t begin = at_;
    CharClass set;
    Literals literals;
    switch (Peek()) {
      case '(':
        if (!Group(depth, &literals)) return false;
        break;
      case '[':
        if (!Class(&literals)) return false;
        break;
      case '.':
        at_++;
        literals = Literals::Unknown();
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
          literals = set.AsLiterals(ignore_case_);
          if (!Spend(set.Cost(ignore_case_))) return false;
        } else {
          AppendRe2Literal(c, &out_);
          literals = Literals::Character(c, ignore_case_);
          if (!Spend(c < 0x80 && !ignore_case_ ? 1 : 3)) return false;
        }
      }
    }
    if (!Quantifier(true, &literals)) return false;
    sequence->Append(literals);
    return true;
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
    return true;
  }

  // The quantifier behind a term, if one stands there.
  bool Quantifier(bool allowed, Literals* literals) {
    const size_t begin = at_;
    uint32_t min = 0;
    uint32_t max = 0;
    size_t optional = 1;  // copies of the term that may be left out
    if (Peek() == '{') {
      if (!Braces(&min, &max)) return true;
      const bool bounded = max != UINT32_MAX;
      if (min > kMaxRepeat || (bounded && max > kMaxRepeat)) {
        return Fail(begin, "RE2 repeats at most 1000 times: " + Excerpt(in_.substr(begin, at_ - begin)));
      }
      if (max < min) return Fail(begin, "the numbers of a repeat are out of order");
      if (!Spend((bounded ? max : min) / 6)) return false;
      optional = bounded ? max - min : 1;
    } else if (Skip("*") || Skip("+") || Skip("?")) {
      min = in_[begin] == '+' ? 1 : 0;
      max = in_[begin] == '?' ? 1 : UINT32_MAX;
    } else {
      return true;
    }
    if (!allowed) return Fail(begin, "nothing to repeat");
    // RE2's work on a?a?a?... grows with the square of their number.
    optional_count_ += optional;
    if (!Spend(1 + optional * optional_count_ / 128)) return false;
    if (in_[begin] == '{') {
      // Not as it stands there: RE2 takes {01} for a literal.
      out_ += '{' + std::to_string(min);
      if (max != min) out_ += max == UINT32_MAX ? "," : ',' + std::to_string(max);
      out_ += '}';
    } else {
      out_ += in_[begin];
    }
    literals->Repeat(min, max);
    if (Skip("?")) out_ += '?';
    const size_t second = at_;
    const char next = Peek();
    if (next == '*' || next == '+' || next == '?' || (next == '{' && Braces(&min, &max))) {
      return Fail(second, "nothing to repeat");
    }
    return true;
  }

  bool Group(int depth, Literals* literals) {
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
    if (!Spend(2) || !Disjunction(depth + 1, literals)) return false;
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
    bool valid = end != std::string_view::npos && !name.empty() && !IsAsciiDigit(name.front());
    for (const char c : name) {
      // Letters beyond ASCII and \u escapes are taken on trust.
      valid = valid && (IsAsciiLetter(c) || IsAsciiDigit(c) || (c & 0x80) != 0 ||
                        std::string_view("_$\\{}").find(c) != name.npos);
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

  bool Class(Literals* literals) {
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
    *literals = negated ? Literals::Unknown() : set.AsLiterals(ignore_case_);
    return Spend(set.Cost(ignore_case_));
  }

  // One character, or an escape for one or for a set of them, which is added to `set`.
  bool Atom(bool in_class, CharClass* set, bool* is_set, uint32_t* c) {
    const size_t begin = at_;
    if (Peek() != '\\') return Literal(c);
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
    for (size_t i = 0; IsAsciiDigit(Peek(i)) && number <= group_count_; i++) {
      number = number * 10 + static_cast<size_t>(Peek(i) - '0');
    }
    return number <= group_count_;
  }

  std::string out_;
  size_t cost_ = 0;
  size_t optional_count_ = 0;
  size_t group_count_ = 0;
  bool has_named_groups_ = false;
  bool has_not_boundary_ = false;
  bool ignore_case_ = false;
  bool dot_all_ = false;
};

}  // namespace

Result<TranslatedRegex> TranslateJsRegex(std::string_view pattern) { return Translator(pattern).Translate(); }

}  // namespace kasocki
