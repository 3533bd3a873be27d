// An expression as its parts: the logical expressions of RFC 9535, section 2.3.5, with all that stands in them.
//
// The parser makes it, Expression puts it into a normal form and evaluates it. In a filter's tree of a few levels at
// most (kMaxLevels) recursion is safe everywhere, destruction included.
#ifndef KASOCKI_FILTER_EXPRESSION_TREE_H_
#define KASOCKI_FILTER_EXPRESSION_TREE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "filter/regex.h"
#include "json/scanner.h"

namespace kasocki {

// How deep parentheses, filters, functions, and segments that select many may stand in each other. Each level costs
// stack: when it is parsed on the main thread, when it is evaluated on threads that have 128 KiB of it on some systems.
inline constexpr int kMaxLevels = 50;

struct Logical;

struct Selector {
  enum class Kind { kName, kWildcard, kIndex, kSlice, kFilter };
  Kind kind = Kind::kWildcard;
  std::string name;
  int64_t index = 0;  // of kSlice: its start
  int64_t end = 0;
  int64_t step = 1;
  bool has_start = false;
  bool has_end = false;
  std::unique_ptr<Logical> filter;
};

struct Segment {
  bool descendant = false;
  std::vector<Selector> selectors;

  // Selects at most one child.
  bool is_step() const {
    return !descendant && selectors.size() == 1 &&
           (selectors[0].kind == Selector::Kind::kName || selectors[0].kind == Selector::Kind::kIndex);
  }
};

struct Query {
  // What the query is about: `@` in a filter selector, else the message.
  bool relative = false;
  std::vector<Segment> segments;
  // Singular, in the RFC's grammar: comparable.
  bool singular = true;

  // Filled in by Expression: the first `picked` segments lead along a path that the scanner follows on its own walk;
  // what it found there is values[ids[pick]].
  size_t picked = 0;
  size_t pick = 0;
  // Of the segments that could be a name or an index by their spelling: what the value must be that they select from.
  struct Guard {
    size_t pick = 0;
    bool at_root = false;  // instead of the pick
    JsonKind kind = JsonKind::kArray;
  };
  std::vector<Guard> guards;
};

// A scalar.
struct Literal {
  JsonKind kind = JsonKind::kNull;
  double number = 0;
  std::string text;  // of a string: UTF-8
};

enum class Function { kLength, kCount, kMatch, kSearch, kValue };

// What a comparison or a function takes: ValueType, or (of count and value) NodesType.
struct Operand {
  enum class Kind { kLiteral, kQuery, kFunction };
  Kind kind = Kind::kLiteral;
  Literal literal;
  Query query;
  Function function = Function::kLength;
  std::vector<Operand> arguments;
  size_t position = 0;  // byte in the expression
};

struct Logical {
  enum class Kind {
    kConstant,  // true, unless negated
    kAnd,
    kOr,
    kExists,   // a query that selects something
    kCompare,  // operands[0] op operands[1]
    kRegex,    // match or search: operands[0] against operands[1]
  };
  enum class Op { kEqual, kLess, kLessOrEqual };

  Kind kind = Kind::kConstant;
  bool negated = false;
  std::vector<std::unique_ptr<Logical>> parts;  // of kAnd, kOr
  std::vector<Operand> operands;                // of the others
  Op op = Op::kEqual;
  bool whole = true;  // of kRegex: match
  // Of kRegex, if the pattern is a literal: compiled. Null: it is no I-Regexp, and matches nothing.
  bool fixed_pattern = false;
  std::shared_ptr<const Regex> regex;
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_EXPRESSION_TREE_H_
