// Expression: one condition of a filter that is no Condition: a logical expression of RFC 9535.
//
//   auto parts = CompileExpression("$.a == 1 && $.b > 2", RegexLimits{}, &regexes, &error);
//
// An expression's top-level conjunction is taken apart: what compares a path with a scalar becomes a Condition, the very
// one that the object language has for it; each of the rest is an Expression. All have a canonical text, in which
// spelling, order where it has no meaning, and double negation do not count.
#ifndef KASOCKI_FILTER_EXPRESSION_H_
#define KASOCKI_FILTER_EXPRESSION_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "filter/condition.h"
#include "filter/expression_tree.h"
#include "filter/filter_run.h"
#include "json/document.h"
#include "json/scanner.h"

namespace kasocki {

// What a message looks like to an evaluation.
struct Message {
  const JsonScanner& scanner;
  const std::vector<JsonValue>& values;  // the scanner's, of its last scan
  const size_t* ids;                     // which of them belong to the expression's paths
};

// Immutable and thread-safe.
class Expression {
 public:
  // `tree` is in normal form (expression_normal.cc).
  Expression(std::unique_ptr<Logical> tree, std::string canonical, int rank);
  ~Expression();
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;

  // Equal texts mean equal expressions.
  const std::string& canonical() const { return canonical_; }
  // Expressions that cost less come first.
  int rank() const { return rank_; }
  // The paths whose values it wants. Some stand for what lies above others.
  const std::vector<JsonPath>& paths() const { return paths_; }
  // A member of that name at the top of the message can make a difference.
  bool LooksAt(std::string_view field) const;

  // False as well if `run` is exhausted by it.
  bool Holds(const Message& message, FilterRun* run) const;

  // The nodes that the expression's query selects, for tests: it must be a single one. In no order that means anything.
  bool Select(const Message& message, FilterRun* run, std::vector<JsonNode>* nodes) const;

 private:
  void Prepare(Logical* logical);
  void Prepare(Operand* operand);
  void Prepare(Query* query);
  void Pick(Query* query);
  std::optional<size_t> PathIndex(const JsonPath& path);

  std::unique_ptr<Logical> tree_;
  std::string canonical_;
  int rank_;
  std::vector<JsonPath> paths_;
  std::map<JsonPath, size_t> path_indexes_;  // while it is made
  bool looks_at_all_ = false;
  std::vector<std::string> names_;  // looked at besides the paths
};

// One of the things that must all hold.
struct Conjunct {
  std::string canonical;
  // Either a condition at a path,
  JsonPath path;
  std::optional<Condition> condition;
  // or an expression.
  std::shared_ptr<const Expression> expression;
  // The server's own: its steps are counted apart.
  bool of_guard = false;
};

// A condition at a path as a conjunct.
Conjunct AtPath(JsonPath path, Condition condition);

// Compiles the patterns that stand in expressions, and counts them over all of a filter.
class PatternCompiler {
 public:
  virtual ~PatternCompiler() = default;
  virtual Result<std::unique_ptr<Regex>> Compile(std::string_view pattern, bool whole) = 0;
};

// `text` is UTF-8, lone surrogates as WTF-8; none of its ends may be blank. An empty list: it is always true. An error
// has the byte of the fault as its position.
Result<std::vector<Conjunct>> CompileExpression(std::string_view text, PatternCompiler* patterns);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_EXPRESSION_H_
