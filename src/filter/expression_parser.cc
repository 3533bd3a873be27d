// A recursive-descent parser, one function a production. What the RFC calls well-typed is decided on the way: a function
// knows what its parameters and its result are, and whoever reads an operand knows what may stand in its place.
//
// Recursion is bounded by kMaxLevels, which every production that may hold itself counts.
#include "filter/expression_parser.h"

#include <cstdint>
#include <utility>

#include "filter/number.h"
#include "filter/wtf8.h"
#include "json/token.h"

namespace kasocki {

namespace {

constexpr int64_t kMaxInteger = 9007199254740991;  // what doubles can tell apart: 2^53 - 1
constexpr size_t kMaxSegments = 1024;              // of a query: no message is nested deeper by default

enum class Type { kValue, kNodes, kLogical };

struct Signature {
  std::string_view name;
  Function function;
  Type result;
  size_t parameter_count;
  Type parameter;  // of each
};

constexpr Signature kFunctions[] = {
    {"length", Function::kLength, Type::kValue, 1, Type::kValue},
    {"count", Function::kCount, Type::kValue, 1, Type::kNodes},
    {"match", Function::kMatch, Type::kLogical, 2, Type::kValue},
    {"search", Function::kSearch, Type::kLogical, 2, Type::kValue},
    {"value", Function::kValue, Type::kValue, 1, Type::kNodes},
};

const Signature& SignatureOf(Function function) {
  for (const Signature& signature : kFunctions) {
    if (signature.function == function) return signature;
  }
  return kFunctions[0];
}

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsAlpha(char c) { return IsLower(c) || (c >= 'A' && c <= 'Z'); }
bool IsSurrogate(uint32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

// What stands in its place here, of what other languages have.
struct Habit {
  std::string_view text;
  std::string_view hint;
};

constexpr Habit kHabits[] = {
    {"=~", "a pattern is looked for by search() or match()"},
    {"=", "equality is =="},
    {"&", "and is &&"},
    {"|", "or is ||"},
    {"and", "and is &&"},
    {"AND", "and is &&"},
    {"or", "or is ||"},
    {"OR", "or is ||"},
    {"not", "a negation begins with !"},
    {"NOT", "a negation begins with !"},
    {"True", "literals are true, false and null"},
    {"False", "literals are true, false and null"},
    {"TRUE", "literals are true, false and null"},
    {"FALSE", "literals are true, false and null"},
    {"NULL", "literals are true, false and null"},
    {"None", "literals are true, false and null"},
};

bool IsWordCharacter(char c) { return IsAlpha(c) || IsDigit(c) || c == '_'; }

// "; ..." if `text` begins with a habit, else empty.
std::string HintAbout(std::string_view text) {
  for (const Habit& habit : kHabits) {
    if (!text.starts_with(habit.text)) continue;
    const char next = text.size() > habit.text.size() ? text[habit.text.size()] : '\0';
    const char last = habit.text.back();
    if (IsAlpha(last) ? IsWordCharacter(next) : next == last) continue;  // it is the beginning of something else
    return "; " + std::string(habit.hint);
  }
  return "";
}

class Parser {
 public:
  Parser(std::string_view text, ExpressionFault* fault) : in_(text), fault_(fault) {}

  std::unique_ptr<Logical> Parse() {
    Blank();
    auto expression = Or();
    if (!expression) return nullptr;
    Blank();
    if (at_ == in_.size()) return expression;
    Unexpected("&&, || or the end expected");
    return nullptr;
  }

 private:
  // ---- Characters

  char Peek(size_t ahead = 0) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  bool LookingAt(std::string_view text) const { return in_.substr(at_, text.size()) == text; }
  bool Skip(std::string_view text) {
    if (!LookingAt(text)) return false;
    at_ += text.size();
    return true;
  }
  void Blank() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r') at_++;
  }

  // Notes the first fault. Gives false for `return Fail(...)`.
  bool Fail(size_t position, std::string what) {
    if (fault_->what.empty()) *fault_ = {position, std::move(what)};
    return false;
  }
  bool Unexpected(const std::string& expected) {
    if (at_ >= in_.size()) return Fail(at_, expected + ", but it ends here");
    size_t end = at_;
    uint32_t c = 0;
    if (!DecodeWtf8(in_, &end, &c)) end = at_ + 1;
    return Fail(at_, expected + ", not " + Excerpt(in_.substr(at_, end - at_)) + HintAbout(in_.substr(at_)));
  }

  // One level deeper for as long as it lives.
  class Level {
   public:
    Level(Parser* parser, size_t position) : parser_(parser) {
      ok_ = ++parser->level_ <= kMaxLevels ||
            parser->Fail(position, "nested deeper than " + std::to_string(kMaxLevels) + " levels");
    }
    ~Level() { --parser_->level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    bool ok() const { return ok_; }

   private:
    Parser* const parser_;
    bool ok_;
  };

  // ---- Logical expressions

  std::unique_ptr<Logical> Or() { return Chain(Logical::Kind::kOr, "||", &Parser::And); }
  std::unique_ptr<Logical> And() { return Chain(Logical::Kind::kAnd, "&&", &Parser::Basic); }

  std::unique_ptr<Logical> Chain(Logical::Kind kind, std::string_view op, std::unique_ptr<Logical> (Parser::*part)()) {
    auto first = (this->*part)();
    if (!first) return nullptr;
    std::unique_ptr<Logical> chain;
    for (;;) {
      const size_t behind = at_;
      Blank();
      if (!Skip(op)) {
        at_ = behind;
        return chain ? std::move(chain) : std::move(first);
      }
      Blank();
      if (!chain) {
        chain = std::make_unique<Logical>();
        chain->kind = kind;
        chain->parts.push_back(std::move(first));
      }
      auto next = (this->*part)();
      if (!next) return nullptr;
      chain->parts.push_back(std::move(next));
    }
  }

  std::unique_ptr<Logical> Basic() {
    const size_t begin = at_;
    const bool negated = Skip("!");
    if (negated) Blank();
    std::unique_ptr<Logical> result = Peek() == '(' ? Parenthesis() : negated ? Negated() : ComparisonOrTest();
    if (!result) return nullptr;
    if (negated) result->negated = !result->negated;
    if (in_[begin] == '(' || negated) {
      const size_t behind = at_;
      Blank();
      const size_t op = at_;
      if (ComparisonOperator(nullptr, nullptr, nullptr)) {
        Fail(op, negated ? "! negates a test, not one side of a comparison: write !(...) around all of it"
                         : "what stands in parentheses is true or false and can't be compared");
        return nullptr;
      }
      at_ = behind;
    }
    return result;
  }

  std::unique_ptr<Logical> Parenthesis() {
    const Level level(this, at_);
    if (!level.ok()) return nullptr;
    at_++;
    Blank();
    auto inner = Or();
    if (!inner) return nullptr;
    Blank();
    if (Skip(")")) return inner;
    Unexpected("&&, || or ) expected");
    return nullptr;
  }

  std::unique_ptr<Logical> Negated() {
    Operand operand;
    return ReadOperand(&operand) ? Test(std::move(operand)) : nullptr;
  }

  std::unique_ptr<Logical> ComparisonOrTest() {
    Operand left;
    if (!ReadOperand(&left)) return nullptr;
    const size_t behind = at_;
    Blank();
    auto comparison = std::make_unique<Logical>();
    comparison->kind = Logical::Kind::kCompare;
    bool swapped = false;
    if (!ComparisonOperator(&comparison->op, &comparison->negated, &swapped)) {
      at_ = behind;
      return Test(std::move(left));
    }
    Blank();
    Operand right;
    if (!ReadOperand(&right) || !CheckComparable(left) || !CheckComparable(right)) return nullptr;
    if (swapped) std::swap(left, right);
    comparison->operands.push_back(std::move(left));
    comparison->operands.push_back(std::move(right));
    return comparison;
  }

  // a > b is b < a, a >= b is b <= a, a != b is not a == b: so the RFC defines them.
  bool ComparisonOperator(Logical::Op* op, bool* negated, bool* swapped) {
    struct Operator {
      std::string_view text;
      Logical::Op op;
      bool negated, swapped;
    };
    static constexpr Operator kOperators[] = {
        {"==", Logical::Op::kEqual, false, false},       {"!=", Logical::Op::kEqual, true, false},
        {"<=", Logical::Op::kLessOrEqual, false, false}, {">=", Logical::Op::kLessOrEqual, false, true},
        {"<", Logical::Op::kLess, false, false},         {">", Logical::Op::kLess, false, true},
    };
    for (const Operator& known : kOperators) {
      if (!Skip(known.text)) continue;
      if (op != nullptr) {
        *op = known.op;
        *negated = known.negated;
        *swapped = known.swapped;
      }
      return true;
    }
    return false;
  }

  std::unique_ptr<Logical> Test(Operand operand) {
    auto test = std::make_unique<Logical>();
    switch (operand.kind) {
      case Operand::Kind::kLiteral:
        Fail(operand.position, "a literal alone is neither true nor false: compare it");
        return nullptr;
      case Operand::Kind::kQuery:
        test->kind = Logical::Kind::kExists;
        test->operands.push_back(std::move(operand));
        return test;
      case Operand::Kind::kFunction: {
        const Signature& signature = SignatureOf(operand.function);
        if (signature.result != Type::kLogical) {
          Fail(operand.position, "what " + std::string(signature.name) + "() gives must be compared");
          return nullptr;
        }
        test->kind = Logical::Kind::kRegex;
        test->whole = operand.function == Function::kMatch;
        test->operands = std::move(operand.arguments);
        return test;
      }
    }
    return nullptr;
  }

  bool CheckComparable(const Operand& operand) {
    if (operand.kind == Operand::Kind::kQuery) return CheckSingular(operand, "in a comparison");
    if (operand.kind != Operand::Kind::kFunction) return true;
    const Signature& signature = SignatureOf(operand.function);
    return signature.result == Type::kValue ||
           Fail(operand.position, "what " + std::string(signature.name) + "() gives can't be compared");
  }

  bool CheckSingular(const Operand& query, const std::string& where) {
    if (query.query.singular) return true;
    for (const Segment& segment : query.query.segments) {
      if (!segment.is_step()) {
        return Fail(query.position, "a query that may select several nodes can't stand " + where +
                                        " (use value(), count(), or a filter selector)");
      }
    }
    return Fail(query.position, "a query " + where + " has no blanks inside of its brackets");
  }

  // ---- Operands

  bool ReadOperand(Operand* operand) {
    operand->position = at_;
    const char c = Peek();
    if (c == '$' || c == '@') {
      operand->kind = Operand::Kind::kQuery;
      return ReadQuery(&operand->query);
    }
    if (c == '\'' || c == '"') {
      operand->literal.kind = JsonKind::kString;
      return ReadString(&operand->literal.text);
    }
    if (IsDigit(c) || c == '-') {
      operand->literal.kind = JsonKind::kNumber;
      return ReadNumber(&operand->literal.number);
    }
    if (IsLower(c)) return ReadWord(operand);
    return Unexpected("a query, a function, a literal, ! or ( expected");
  }

  // A function, or true, false, null.
  bool ReadWord(Operand* operand) {
    const size_t begin = at_;
    while (IsLower(Peek()) || IsDigit(Peek()) || Peek() == '_') at_++;
    const std::string_view word = in_.substr(begin, at_ - begin);
    if (Peek() != '(') {
      operand->literal.kind = word == "true"    ? JsonKind::kTrue
                              : word == "false" ? JsonKind::kFalse
                              : word == "null"  ? JsonKind::kNull
                                                : JsonKind::kMissing;
      return operand->literal.kind != JsonKind::kMissing ||
             Fail(begin, Excerpt(word) + " is no literal (strings have quotes) and no query (they begin with $ or @)" +
                             HintAbout(word));
    }
    for (const Signature& signature : kFunctions) {
      if (signature.name == word) return ReadArguments(signature, operand);
    }
    return Fail(begin, "there is no function " + Excerpt(word) + "()");
  }

  // At the opening parenthesis.
  bool ReadArguments(const Signature& signature, Operand* call) {
    const Level level(this, call->position);
    if (!level.ok()) return false;
    call->kind = Operand::Kind::kFunction;
    call->function = signature.function;
    at_++;
    Blank();
    const std::string name = std::string(signature.name) + "()";
    const std::string wants = name + " takes " + (signature.parameter_count == 1 ? "one argument" : "two arguments");
    while (Peek() != ')') {
      if (call->arguments.size() == signature.parameter_count) return Fail(at_, wants);
      if (Peek() == '!' || Peek() == '(') return Fail(at_, "an argument of " + name + " is no condition");
      Operand& argument = call->arguments.emplace_back();
      if (!ReadOperand(&argument)) return false;
      Blank();
      if (ComparisonOperator(nullptr, nullptr, nullptr) || LookingAt("&&") || LookingAt("||")) {
        return Fail(argument.position, "an argument of " + name + " is no condition");
      }
      if (!CheckArgument(signature, argument)) return false;
      if (Peek() == ')') break;
      if (!Skip(",")) return Unexpected("a comma or ) expected");
      Blank();
      if (Peek() == ')') return Unexpected("an argument expected");
    }
    if (call->arguments.size() < signature.parameter_count) return Fail(at_, wants);
    at_++;
    return true;
  }

  bool CheckArgument(const Signature& signature, const Operand& argument) {
    const std::string name = std::string(signature.name) + "()";
    if (signature.parameter == Type::kNodes) {
      return argument.kind == Operand::Kind::kQuery || Fail(argument.position, name + " takes a query");
    }
    if (argument.kind == Operand::Kind::kQuery) return CheckSingular(argument, "as an argument of " + name);
    return argument.kind != Operand::Kind::kFunction || SignatureOf(argument.function).result == Type::kValue ||
           Fail(argument.position,
                "what " + std::string(SignatureOf(argument.function).name) + "() gives is no argument of " + name);
  }

  bool ReadNumber(double* number) {
    const size_t begin = at_;
    Skip("-");
    if (!IsDigit(Peek())) return Unexpected("a digit expected");
    if (Peek() == '0' && IsDigit(Peek(1))) return Fail(begin, "a number has no zero in front");
    while (IsDigit(Peek())) at_++;
    if (Skip(".")) {
      if (!IsDigit(Peek())) return Unexpected("a digit expected");
      while (IsDigit(Peek())) at_++;
    }
    if (Peek() == 'e' || Peek() == 'E') {
      at_++;
      if (Peek() == '+' || Peek() == '-') at_++;
      if (!IsDigit(Peek())) return Unexpected("a digit expected");
      while (IsDigit(Peek())) at_++;
    }
    *number = ParseJsonNumber(in_.substr(begin, at_ - begin));
    return true;
  }

  bool ReadInteger(int64_t* integer) {
    const size_t begin = at_;
    const bool negative = Skip("-");
    if (!IsDigit(Peek())) return Unexpected("a digit expected");
    if (Peek() == '0' && (negative || IsDigit(Peek(1)))) {
      return Fail(begin,
                  negative ? "an integer is not -0, nor has it a zero in front" : "an integer has no zero in front");
    }
    int64_t value = 0;
    for (; IsDigit(Peek()); at_++) {
      value = value * 10 + (Peek() - '0');
      if (value > kMaxInteger) return Fail(begin, "an integer is beyond 2^53 - 1");
    }
    *integer = negative ? -value : value;
    return true;
  }

  // ---- Strings

  bool ReadString(std::string* text) {
    const size_t begin = at_;
    const char quote = in_[at_++];
    for (;;) {
      if (at_ >= in_.size()) return Fail(begin, "a string without an end");
      const char c = Peek();
      if (c == quote) {
        at_++;
        return true;
      }
      if (c == '\\') {
        if (!ReadEscape(quote, text)) return false;
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) return Fail(at_, "a control character in a string must be escaped");
      if (!CopyCharacter(text)) return false;
    }
  }

  bool CopyCharacter(std::string* text) {
    const size_t begin = at_;
    uint32_t c = 0;
    if (!DecodeWtf8(in_, &at_, &c)) return Fail(begin, "not UTF-8");
    if (IsSurrogate(c)) return Fail(begin, "a lone surrogate is no character");
    text->append(in_, begin, at_ - begin);
    return true;
  }

  bool ReadEscape(char quote, std::string* text) {
    const size_t begin = at_++;
    const char kind = Peek();
    if (kind == quote) {
      *text += kind;
      at_++;
      return true;
    }
    if (kind == '\0' || std::string_view("bfnrtu/\\").find(kind) == std::string_view::npos) {
      return Fail(begin, "there is no such escape");
    }
    if (kind != 'u') {
      at_++;
    } else {
      uint32_t unit = 0;
      uint32_t low = 0;
      if (!ReadUnit(&unit)) return Fail(begin, "\\u has four hexadecimal digits");
      const bool high = unit >= 0xD800 && unit <= 0xDBFF;
      const bool paired = high && Skip("\\") && Peek() == 'u' && ReadUnit(&low) && low >= 0xDC00 && low <= 0xDFFF;
      if (IsSurrogate(unit) && !paired) return Fail(begin, "a lone surrogate is no character");
    }
    UnescapeJsonString(in_.substr(begin, at_ - begin), text);
    return true;
  }

  // At the u.
  bool ReadUnit(uint32_t* unit) {
    *unit = 0;
    for (size_t i = 1; i <= 4; i++) {
      const int digit = HexDigit(Peek(i));
      if (digit < 0) return false;
      *unit = *unit << 4 | static_cast<uint32_t>(digit);
    }
    at_ += 5;
    return true;
  }

  // ---- Queries

  bool ReadQuery(Query* query) {
    query->relative = in_[at_++] == '@' && filters_ > 0;
    const int outer_level = level_;
    const bool read = ReadSegments(query);
    level_ = outer_level;
    return read;
  }

  bool ReadSegments(Query* query) {
    for (;;) {
      const size_t behind = at_;
      Blank();
      const size_t begin = at_;
      if (Peek() != '.' && Peek() != '[') {
        at_ = behind;
        return true;
      }
      if (query->segments.size() == kMaxSegments) {
        return Fail(begin, "a query has more segments than " + std::to_string(kMaxSegments));
      }
      Segment& segment = query->segments.emplace_back();
      segment.descendant = Skip("..");
      bool blanks = false;
      if (Peek() == '[' ? !ReadSelectors(&segment, &blanks) : !ReadShorthand(&segment)) return false;
      query->singular = query->singular && segment.is_step() && !blanks;
      // What is below stands in the evaluation of this one until the query ends.
      if (!segment.is_step() && ++level_ > kMaxLevels) {
        return Fail(begin, "nested deeper than " + std::to_string(kMaxLevels) + " levels");
      }
    }
  }

  // Behind `..`, or at a dot: a name or an asterisk.
  bool ReadShorthand(Segment* segment) {
    if (!segment->descendant) at_++;
    Selector& selector = segment->selectors.emplace_back();
    if (Skip("*")) return true;
    selector.kind = Selector::Kind::kName;
    while (at_ < in_.size()) {
      const char c = Peek();
      if (IsAlpha(c) || c == '_' || (IsDigit(c) && !selector.name.empty())) {
        selector.name += c;
        at_++;
      } else if ((c & 0x80) != 0) {
        if (!CopyCharacter(&selector.name)) return false;
      } else {
        break;
      }
    }
    return !selector.name.empty() || Unexpected(segment->descendant ? "a name, * or [ expected behind .."
                                                                    : "a name or * expected behind the dot");
  }

  bool ReadSelectors(Segment* segment, bool* blanks) {
    at_++;
    for (;;) {
      const size_t before = at_;
      Blank();
      *blanks = *blanks || at_ != before;
      if (!ReadSelector(&segment->selectors.emplace_back())) return false;
      const size_t behind = at_;
      Blank();
      *blanks = *blanks || at_ != behind;
      if (Skip("]")) return true;
      if (!Skip(",")) return Unexpected("a comma or ] expected");
    }
  }

  bool ReadSelector(Selector* selector) {
    const char c = Peek();
    if (c == '*') {
      at_++;
      return true;
    }
    if (c == '\'' || c == '"') {
      selector->kind = Selector::Kind::kName;
      return ReadString(&selector->name);
    }
    if (c == '?') return ReadFilter(selector);
    if (IsDigit(c) || c == '-' || c == ':') return ReadIndexOrSlice(selector);
    return Unexpected("a selector expected: a name in quotes, an index, a slice, * or ?");
  }

  bool ReadFilter(Selector* selector) {
    const Level level(this, at_);
    if (!level.ok()) return false;
    selector->kind = Selector::Kind::kFilter;
    at_++;
    Blank();
    filters_++;
    selector->filter = Or();
    filters_--;
    return selector->filter != nullptr;
  }

  bool ReadIndexOrSlice(Selector* selector) {
    selector->has_start = Peek() != ':';
    if (selector->has_start && !ReadInteger(&selector->index)) return false;
    const size_t behind = at_;
    Blank();
    if (!Skip(":")) {
      at_ = behind;
      selector->kind = Selector::Kind::kIndex;
      return true;
    }
    selector->kind = Selector::Kind::kSlice;
    Blank();
    selector->has_end = IsDigit(Peek()) || Peek() == '-';
    if (selector->has_end && !ReadInteger(&selector->end)) return false;
    const size_t behind_end = at_;
    Blank();
    if (!Skip(":")) {
      at_ = behind_end;
      return true;
    }
    const size_t behind_colon = at_;
    Blank();
    if (IsDigit(Peek()) || Peek() == '-') return ReadInteger(&selector->step);
    at_ = behind_colon;
    return true;
  }

  const std::string_view in_;
  ExpressionFault* const fault_;
  size_t at_ = 0;
  int level_ = 0;
  int filters_ = 0;  // filter selectors around here: in them `@` is something else than the message
};

}  // namespace

std::unique_ptr<Logical> ParseExpression(std::string_view text, ExpressionFault* fault) {
  return Parser(text, fault).Parse();
}

}  // namespace kasocki
