#include "filter/expression.h"

#include <algorithm>
#include <utility>

#include "filter/expression_normal.h"
#include "filter/expression_parser.h"

namespace kasocki {

namespace {

constexpr size_t kMaxPicked = 16;  // segments of a query that the scanner looks for
constexpr size_t kMaxPaths = 256;  // that it looks for

// A name that the scanner's paths take for an array's index as well.
bool IsIndexName(std::string_view name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos &&
         (name.size() == 1 || name[0] != '0');
}

// A query that leads along names alone, which mean the same in the object language: its path. Else an empty one.
JsonPath PlainPath(const Operand& operand) {
  if (operand.kind != Operand::Kind::kQuery || operand.query.relative) return {};
  JsonPath path;
  for (const Segment& segment : operand.query.segments) {
    const bool plain = segment.is_step() && segment.selectors[0].kind == Selector::Kind::kName &&
                       !IsIndexName(segment.selectors[0].name);
    if (!plain) return {};
    path.push_back(segment.selectors[0].name);
  }
  return path;
}

// The object language's condition, if the test is one.
std::optional<Conjunct> AsCondition(const Logical& test) {
  if (test.kind != Logical::Kind::kCompare || test.op != Logical::Op::kEqual || test.negated) return std::nullopt;
  for (const size_t side : {0, 1}) {
    const Operand& literal = test.operands[1 - side];
    JsonPath path = PlainPath(test.operands[side]);
    if (path.empty() || literal.kind != Operand::Kind::kLiteral) continue;
    return AtPath(std::move(path),
                  Condition::Equals(literal.literal.kind, literal.literal.number, literal.literal.text));
  }
  return std::nullopt;
}

// Walks over a tree and compiles the literals among its patterns.
class LiteralPatterns {
 public:
  explicit LiteralPatterns(PatternCompiler* compiler) : compiler_(compiler) {}

  // False: see error().
  bool Compile(Logical* logical) {
    for (auto& part : logical->parts) {
      if (!Compile(part.get())) return false;
    }
    for (Operand& operand : logical->operands) {
      if (!Compile(&operand)) return false;
    }
    if (logical->kind != Logical::Kind::kRegex) return true;
    const Operand& pattern = logical->operands[1];
    if (pattern.kind != Operand::Kind::kLiteral || pattern.literal.kind != JsonKind::kString) return true;
    auto regex = compiler_->Compile(pattern.literal.text, logical->whole);
    if (!regex.ok()) {
      error_ = regex.error();
      error_.position = static_cast<int64_t>(pattern.position);
      return false;
    }
    logical->fixed_pattern = true;
    logical->regex = std::move(regex.value());
    return true;
  }

  const Error& error() const { return error_; }

 private:
  bool Compile(Operand* operand) {
    for (Operand& argument : operand->arguments) {
      if (!Compile(&argument)) return false;
    }
    for (Segment& segment : operand->query.segments) {
      for (Selector& selector : segment.selectors) {
        if (selector.filter && !Compile(selector.filter.get())) return false;
      }
    }
    return true;
  }

  PatternCompiler* const compiler_;
  Error error_;
};

}  // namespace

Conjunct AtPath(JsonPath path, Condition condition) {
  Conjunct conjunct;
  for (const std::string& name : path) {
    AppendQuoted(name, &conjunct.canonical);
    conjunct.canonical += '.';
  }
  conjunct.canonical.back() = ':';
  condition.AppendCanonical(&conjunct.canonical);
  conjunct.path = std::move(path);
  conjunct.condition = std::move(condition);
  return conjunct;
}

Result<std::vector<Conjunct>> CompileExpression(std::string_view text, PatternCompiler* patterns) {
  ExpressionFault fault;
  std::unique_ptr<Logical> tree = ParseExpression(text, &fault);
  if (!tree) {
    Error error{ErrorKind::kInvalidFilter, fault.what, ""};
    error.position = static_cast<int64_t>(fault.position);
    return error;
  }
  LiteralPatterns literal_patterns(patterns);
  if (!literal_patterns.Compile(tree.get())) return literal_patterns.error();
  std::vector<Conjunct> conjuncts;
  for (NormalExpression& part : NormalConjunction(std::move(tree))) {
    std::optional<Conjunct> condition = AsCondition(*part.tree);
    if (condition) {
      conjuncts.push_back(std::move(*condition));
      continue;
    }
    Conjunct& conjunct = conjuncts.emplace_back();
    conjunct.canonical = part.canonical;
    conjunct.expression = std::make_shared<const Expression>(std::move(part.tree), std::move(part.canonical),
                                                             static_cast<int>(part.rank));
  }
  return conjuncts;
}

Expression::Expression(std::unique_ptr<Logical> tree, std::string canonical, int rank)
    : tree_(std::move(tree)), canonical_(std::move(canonical)), rank_(rank) {
  Prepare(tree_.get());
  path_indexes_.clear();
}

Expression::~Expression() = default;

bool Expression::LooksAt(std::string_view field) const {
  return looks_at_all_ || std::find(names_.begin(), names_.end(), field) != names_.end();
}

// ---- What the scanner can find on its own walk

void Expression::Prepare(Logical* logical) {
  for (auto& part : logical->parts) Prepare(part.get());
  for (Operand& operand : logical->operands) Prepare(&operand);
}

void Expression::Prepare(Operand* operand) {
  if (operand->kind == Operand::Kind::kQuery) Prepare(&operand->query);
  for (Operand& argument : operand->arguments) Prepare(&argument);
}

void Expression::Prepare(Query* query) {
  for (Segment& segment : query->segments) {
    for (Selector& selector : segment.selectors) {
      if (selector.filter) Prepare(selector.filter.get());
    }
  }
  if (query->relative) return;
  if (query->segments.empty() || query->segments[0].descendant) looks_at_all_ = true;
  if (query->segments.empty()) return;
  for (const Selector& selector : query->segments[0].selectors) {
    if (selector.kind == Selector::Kind::kName) names_.push_back(selector.name);
    // An index or a slice selects from arrays, which have no metadata.
    if (selector.kind == Selector::Kind::kWildcard || selector.kind == Selector::Kind::kFilter) looks_at_all_ = true;
  }
  Pick(query);
}

// The query's first segments as far as they are a path. A path's segment that spells an index stands for an array's
// element and for an object's member; what the query means shows in the container's kind, which is therefore wanted, too.
void Expression::Pick(Query* query) {
  JsonPath path;
  std::vector<Query::Guard> guards;
  for (const Segment& segment : query->segments) {
    if (!segment.is_step() || path.size() == kMaxPicked) break;
    const Selector& step = segment.selectors[0];
    const bool index = step.kind == Selector::Kind::kIndex;
    if (index && step.index < 0) break;
    if (index || IsIndexName(step.name)) {
      Query::Guard guard;
      guard.kind = index ? JsonKind::kArray : JsonKind::kObject;
      guard.at_root = path.empty();
      if (!guard.at_root) {
        const std::optional<size_t> above = PathIndex(path);
        if (!above) return;
        guard.pick = *above;
      }
      guards.push_back(guard);
    }
    path.push_back(index ? std::to_string(step.index) : step.name);
  }
  if (path.empty()) return;
  const std::optional<size_t> pick = PathIndex(path);
  if (!pick) return;
  query->pick = *pick;
  query->picked = path.size();
  query->guards = std::move(guards);
}

// None: there are too many. What is not picked is walked for.
std::optional<size_t> Expression::PathIndex(const JsonPath& path) {
  const auto known = path_indexes_.find(path);
  if (known != path_indexes_.end()) return known->second;
  if (paths_.size() == kMaxPaths) return std::nullopt;
  path_indexes_.emplace(path, paths_.size());
  paths_.push_back(path);
  return paths_.size() - 1;
}

}  // namespace kasocki
