// What is brought into one form:
//
//   - negation goes down to the single tests (De Morgan), so !(a && !b) and !a || b are the same;
//   - chains of && and of || are flat, sorted, without repeats; constants are computed;
//   - both sides of == are sorted (a > b is b < a already: the parser did it);
//   - of queries the spelling does not count: $.a, $['a'], $["\u0061"]; nor does the order of the selectors in a
//     bracket. (Repeats of selectors do: count($['a','a']) is 2.)
//
// Each of these is an equality by the RFC's definitions, whatever the message. Evaluation takes the cheap parts first.
#include "filter/expression_normal.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "filter/condition.h"
#include "filter/number.h"

namespace kasocki {

namespace {

using Kind = Logical::Kind;

// An expression whose tree was not put together yet, so that chains can still be merged.
struct Normal {
  Kind kind = Kind::kConstant;
  bool constant = false;          // of kConstant
  std::vector<Normal> parts;      // of kAnd and kOr: several
  std::unique_ptr<Logical> test;  // of the others
  std::string canonical;
  ExpressionRank rank = ExpressionRank::kPaths;
};

Normal Constant(bool value) {
  Normal normal;
  normal.constant = value;
  normal.canonical = value ? "true" : "false";
  return normal;
}

Normal Normalize(std::unique_ptr<Logical> tree, bool negate);

std::unique_ptr<Logical> Assemble(Normal normal) {
  if (normal.test) return std::move(normal.test);
  auto tree = std::make_unique<Logical>();
  tree->kind = normal.kind;
  tree->negated = normal.kind == Kind::kConstant && !normal.constant;
  for (Normal& part : normal.parts) tree->parts.push_back(Assemble(std::move(part)));
  return tree;
}

Normal NormalizeChain(std::unique_ptr<Logical> tree, bool negate) {
  Normal chain;
  chain.kind = (tree->kind == Kind::kAnd) != negate ? Kind::kAnd : Kind::kOr;
  const bool neutral = chain.kind == Kind::kAnd;  // true for &&, false for ||
  auto& parts = chain.parts;
  for (std::unique_ptr<Logical>& part : tree->parts) {
    Normal normal = Normalize(std::move(part), negate);
    if (normal.kind == Kind::kConstant) {
      if (normal.constant != neutral) return normal;
    } else if (normal.kind == chain.kind) {
      std::move(normal.parts.begin(), normal.parts.end(), std::back_inserter(parts));
    } else {
      parts.push_back(std::move(normal));
    }
  }
  if (parts.empty()) return Constant(neutral);
  std::sort(parts.begin(), parts.end(), [](const Normal& a, const Normal& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.canonical < b.canonical;
  });
  const auto same = [](const Normal& a, const Normal& b) { return a.canonical == b.canonical; };
  parts.erase(std::unique(parts.begin(), parts.end(), same), parts.end());
  if (parts.size() == 1) {
    Normal single = std::move(parts[0]);
    return single;
  }
  chain.canonical = chain.kind == Kind::kAnd ? "&(" : "|(";
  for (const Normal& part : parts) {
    chain.canonical += part.canonical;
    chain.canonical += ',';
  }
  chain.canonical += ')';
  chain.rank = parts.back().rank;
  return chain;
}

void AppendLiteral(const Literal& literal, std::string* out) {
  switch (literal.kind) {
    case JsonKind::kString:
      AppendQuoted(literal.text, out);
      break;
    case JsonKind::kNumber: {
      char buffer[kNumberTextSize];
      out->append(NumberText(literal.number, buffer));
      break;
    }
    default:
      out->append(literal.kind == JsonKind::kTrue ? "true" : literal.kind == JsonKind::kFalse ? "false" : "null");
  }
}

void NormalizeSlice(Selector* slice) {
  if (slice->step > 0 && !slice->has_start) {
    slice->has_start = true;
    slice->index = 0;
  }
  if (slice->step != 0) return;
  slice->has_start = slice->has_end = true;  // nothing, whatever its ends
  slice->index = slice->end = 0;
}

std::string NormalizeSelector(Selector* selector) {
  std::string text;
  switch (selector->kind) {
    case Selector::Kind::kName:
      AppendQuoted(selector->name, &text);
      break;
    case Selector::Kind::kWildcard:
      text = '*';
      break;
    case Selector::Kind::kIndex:
      text = std::to_string(selector->index);
      break;
    case Selector::Kind::kSlice:
      NormalizeSlice(selector);
      if (selector->has_start) text += std::to_string(selector->index);
      text += ':';
      if (selector->has_end) text += std::to_string(selector->end);
      text += ':' + std::to_string(selector->step);
      break;
    case Selector::Kind::kFilter: {
      Normal filter = Normalize(std::move(selector->filter), false);
      text = '?' + filter.canonical;
      selector->filter = Assemble(std::move(filter));
      break;
    }
  }
  return text;
}

// True if it has to be walked for: the scanner's own walk does not find it.
bool NormalizeQuery(Query* query, std::string* out) {
  bool walk = query->relative;
  *out += query->relative ? '@' : '$';
  for (Segment& segment : query->segments) {
    std::vector<std::pair<std::string, Selector>> selectors;
    for (Selector& selector : segment.selectors) {
      std::string text = NormalizeSelector(&selector);
      selectors.emplace_back(std::move(text), std::move(selector));
    }
    std::stable_sort(selectors.begin(), selectors.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    *out += segment.descendant ? "..[" : "[";
    segment.selectors.clear();
    for (auto& [text, selector] : selectors) {
      *out += text;
      *out += ',';
      segment.selectors.push_back(std::move(selector));
    }
    *out += ']';
    walk = walk || !segment.is_step() ||
           (segment.selectors[0].kind == Selector::Kind::kIndex && segment.selectors[0].index < 0);
  }
  return walk;
}

// True if something has to be walked for.
bool NormalizeOperand(Operand* operand, std::string* out) {
  static constexpr std::string_view kNames[] = {"length", "count", "match", "search", "value"};
  switch (operand->kind) {
    case Operand::Kind::kLiteral:
      AppendLiteral(operand->literal, out);
      return false;
    case Operand::Kind::kQuery:
      return NormalizeQuery(&operand->query, out);
    case Operand::Kind::kFunction:
      break;
  }
  bool walk = true;
  *out += kNames[static_cast<size_t>(operand->function)];
  *out += '(';
  for (Operand& argument : operand->arguments) {
    walk = NormalizeOperand(&argument, out) || walk;
    *out += ',';
  }
  *out += ')';
  return walk;
}

bool LiteralsCompare(const Logical& comparison) {
  const Literal& a = comparison.operands[0].literal;
  const Literal& b = comparison.operands[1].literal;
  bool equal = a.kind == b.kind;
  bool less = false;
  if (equal && a.kind == JsonKind::kNumber) {
    equal = a.number == b.number;
    less = a.number < b.number;
  } else if (equal && a.kind == JsonKind::kString) {
    equal = a.text == b.text;
    less = a.text < b.text;
  }
  return comparison.op == Logical::Op::kLess ? less : equal || (comparison.op == Logical::Op::kLessOrEqual && less);
}

bool IsLiteral(const Operand& operand) { return operand.kind == Operand::Kind::kLiteral; }

bool IsStringLiteral(const Operand& operand) { return IsLiteral(operand) && operand.literal.kind == JsonKind::kString; }

// A test's value if it is the same for every message.
std::optional<bool> KnownValue(const Logical& test) {
  switch (test.kind) {
    case Kind::kConstant:
      return true;
    case Kind::kExists:
      if (test.operands[0].query.segments.empty()) return true;
      return std::nullopt;
    case Kind::kCompare:
      if (IsLiteral(test.operands[0]) && IsLiteral(test.operands[1])) return LiteralsCompare(test);
      return std::nullopt;
    case Kind::kRegex:
      if (test.fixed_pattern && test.regex == nullptr) return false;
      for (const Operand& operand : test.operands) {
        if (IsLiteral(operand) && !IsStringLiteral(operand)) return false;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

Normal NormalizeTest(std::unique_ptr<Logical> tree, bool negate) {
  const std::optional<bool> known = KnownValue(*tree);
  if (known) return Constant(*known != negate);
  tree->negated = negate;
  std::vector<std::string> operands;
  bool walk = false;
  for (Operand& operand : tree->operands) walk = NormalizeOperand(&operand, &operands.emplace_back()) || walk;
  Normal normal;
  normal.kind = tree->kind;
  if (negate) normal.canonical = '!';
  if (tree->kind == Kind::kExists) {
    normal.canonical += operands[0];
  } else {
    if (tree->kind == Kind::kCompare && tree->op == Logical::Op::kEqual && operands[1] < operands[0]) {
      std::swap(operands[0], operands[1]);
      std::swap(tree->operands[0], tree->operands[1]);
    }
    static constexpr std::string_view kOps[] = {"==", "<", "<="};
    normal.canonical += tree->kind == Kind::kCompare ? kOps[static_cast<size_t>(tree->op)]
                        : tree->whole                ? "match"
                                                     : "search";
    normal.canonical += '(' + operands[0] + ',' + operands[1] + ')';
  }
  if (tree->kind == Kind::kRegex) normal.rank = ExpressionRank::kPatterns;
  if (walk) normal.rank = ExpressionRank::kWalk;
  normal.test = std::move(tree);
  return normal;
}

Normal Normalize(std::unique_ptr<Logical> tree, bool negate) {
  negate = negate != tree->negated;
  tree->negated = false;
  if (tree->kind == Kind::kAnd || tree->kind == Kind::kOr) return NormalizeChain(std::move(tree), negate);
  return NormalizeTest(std::move(tree), negate);
}

}  // namespace

std::vector<NormalExpression> NormalConjunction(std::unique_ptr<Logical> tree) {
  Normal normal = Normalize(std::move(tree), false);
  std::vector<NormalExpression> conjunction;
  const auto add = [&](Normal part) {
    NormalExpression& added = conjunction.emplace_back();
    added.canonical = std::move(part.canonical);
    added.rank = part.rank;
    added.tree = Assemble(std::move(part));
  };
  if (normal.kind == Kind::kAnd) {
    for (Normal& part : normal.parts) add(std::move(part));
  } else if (normal.kind != Kind::kConstant || !normal.constant) {
    add(std::move(normal));
  }
  return conjunction;
}

}  // namespace kasocki
