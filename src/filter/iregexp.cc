// I-Regexp (RFC 9485), the regular expressions of RFC 9535, rewritten for RE2.
//
// The RFC's own advice for RE2 is to replace dots and pass the rest through. But I-Regexp is a subset of XSD's regular
// expressions and means what they mean: `^` and `$` are ordinary characters, \p{Cn} and \p{C} hold what no character
// was assigned to, and what is not in the grammar (\d, lazy quantifiers, (?:...), {,5}) is no I-Regexp at all, whatever
// RE2 makes of it. So it is parsed by the RFC's grammar and written anew, as JavaScript's patterns are (js_regex.cc).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "filter/char_class.h"
#include "filter/pattern_reader.h"
#include "filter/regex.h"
#include "filter/wtf8.h"

namespace kasocki {

namespace {

constexpr uint32_t kMaxRepeat = 1000;  // RE2's
constexpr int kMaxDepth = 200;         // of groups in groups; RE2's own limit is 1000

bool IsSurrogate(uint32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

class Translator : private PatternReader {
 public:
  explicit Translator(std::string_view pattern) : PatternReader(pattern) {}

  Result<std::optional<TranslatedRegex>> Translate(bool whole) {
    const bool read = Alternatives(0) && AtEnd();
    if (!error_.empty()) {
      return Error{ErrorKind::kInvalidFilter, "regular expression \"" + Excerpt(in_) + "\": " + error_, ""};
    }
    if (!read) return std::optional<TranslatedRegex>();
    if (whole) out_ = "\\A(?:" + out_ + ")\\z";
    return std::optional(TranslatedRegex{std::move(out_), cost_, Literals::Unknown()});
  }

 private:
  // Each reads one production and writes it. False: it is no I-Regexp, or (with error_) RE2 can't do it.

  bool Alternatives(int depth) {
    while (!AtEnd() && Peek() != ')') {
      if (Skip("|")) {
        out_ += '|';
        if (!Spend(1)) return false;
      } else if (!Piece(depth)) {
        return false;
      }
    }
    return true;
  }

  bool Piece(int depth) {
    const size_t begin = at_;
    if (Skip("(")) {
      if (depth >= kMaxDepth) return Fail(begin, "groups are nested too deeply");
      out_ += "(?:";
      if (!Spend(2) || !Alternatives(depth + 1) || !Skip(")")) return false;
      out_ += ')';
    } else if (Skip(".")) {
      out_ += "[^\\n\\r]";
      if (!Spend(4)) return false;
    } else if (Skip("[")) {
      if (!Class()) return false;
    } else if (LookingAt("\\p") || LookingAt("\\P")) {
      CharClass set;
      if (!Category(&set)) return false;
      set.AppendTo(false, &out_);
      if (!Spend(set.Cost(false))) return false;
    } else {
      uint32_t c = 0;
      if (Peek() == '\\' ? !SingleEscape(&c) : !NormalCharacter("()*+.?[\\]{|}", &c)) return false;
      AppendRe2Literal(c, &out_);
      if (!Spend(c < 0x80 ? 1 : 3)) return false;
    }
    return Quantifier();
  }

  bool Quantifier() {
    const size_t begin = at_;
    uint32_t min = 0;
    uint32_t max = 0;
    size_t optional = 1;  // copies that may be left out
    if (Peek() == '{') {
      if (!Braces(&min, &max)) return false;
      const bool bounded = max != UINT32_MAX;
      if (max < min) return false;
      if (min > kMaxRepeat || (bounded && max > kMaxRepeat)) {
        return Fail(begin, "RE2 repeats at most 1000 times: " + Excerpt(in_.substr(begin, at_ - begin)));
      }
      if (!Spend((bounded ? max : min) / 6)) return false;
      optional = bounded ? max - min : 1;
      // Not as it stands there: RE2 takes {01} for a literal.
      out_ += '{' + std::to_string(min);
      if (max != min) out_ += bounded ? ',' + std::to_string(max) : ",";
      out_ += '}';
    } else if (Skip("*") || Skip("+") || Skip("?")) {
      out_ += in_[begin];
    } else {
      return true;
    }
    // RE2's work on a?a?a?... grows with the square of their number.
    optional_count_ += optional;
    return Spend(1 + optional * optional_count_ / 128);
  }

  // Behind the opening bracket.
  bool Class() {
    // A lone caret is itself: what it would negate is missing.
    const bool negated = Peek() == '^' && Peek(1) != ']' && Skip("^");
    CharClass set;
    if (Skip("-")) {
      set.Add('-', '-');
    } else if (!ClassItem(&set)) {
      return false;
    }
    while (Peek() != ']' && !LookingAt("-]")) {
      if (!ClassItem(&set) || !Spend(1)) return false;
    }
    if (Skip("-")) set.Add('-', '-');
    if (!Skip("]")) return false;
    set.AppendTo(negated, &out_);
    return Spend(set.Cost(false));
  }

  bool ClassItem(CharClass* set) {
    if (LookingAt("\\p") || LookingAt("\\P")) return Category(set);
    uint32_t first = 0;
    if (!ClassCharacter(&first)) return false;
    uint32_t last = first;
    // A dash before the closing bracket is itself.
    if (Peek() == '-' && Peek(1) != ']') {
      at_++;
      if (!ClassCharacter(&last)) return false;
    }
    if (last < first) return false;
    set->Add(first, last);
    return true;
  }

  bool ClassCharacter(uint32_t* c) { return Peek() == '\\' ? SingleEscape(c) : NormalCharacter("-[\\]", c); }

  bool NormalCharacter(std::string_view except, uint32_t* c) {
    return !AtEnd() && except.find(Peek()) == std::string_view::npos && DecodeWtf8(in_, &at_, c) && !IsSurrogate(*c);
  }

  // At a backslash.
  bool SingleEscape(uint32_t* c) {
    const char kind = Peek(1);
    at_ += 2;
    if (at_ > in_.size()) return false;
    *c = kind == 'n' ? '\n' : kind == 'r' ? '\r' : kind == 't' ? '\t' : static_cast<unsigned char>(kind);
    return std::string_view("nrt()*+-.?[\\]^{|}").find(kind) != std::string_view::npos;
  }

  // At \p or \P.
  bool Category(CharClass* set) {
    const bool negated = Peek(1) == 'P';
    const size_t end = in_.find('}', at_);
    if (Peek(2) != '{' || end == std::string_view::npos) return false;
    const std::string_view name = in_.substr(at_ + 3, end - at_ - 3);
    at_ = end + 1;
    return IsCategory(name) && set->AddCategory(name, negated);
  }

  static bool IsCategory(std::string_view name) {
    static constexpr std::string_view kSubcategories[] = {"Llmotu", "Mcen",  "Ndlo", "Pcdefios",
                                                          "Zlps",   "Sckmo", "Ccfno"};
    if (name.empty() || name.size() > 2) return false;
    for (const std::string_view group : kSubcategories) {
      if (group.front() == name.front()) {
        return name.size() == 1 || group.substr(1).find(name[1]) != std::string_view::npos;
      }
    }
    return false;
  }

  bool Spend(size_t cost) {
    cost_ += cost;
    return cost_ <= kMaxRegexCost || Fail(at_, "it is too complex");
  }

  std::string out_;
  size_t cost_ = 0;
  size_t optional_count_ = 0;
};

}  // namespace

Result<std::optional<TranslatedRegex>> TranslateIRegexp(std::string_view pattern, bool whole) {
  return Translator(pattern).Translate(whole);
}

}  // namespace kasocki
