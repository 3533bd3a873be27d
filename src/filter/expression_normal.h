// The normal form of expressions: equal texts for what means the same, as far as that is cheap to see.
#ifndef KASOCKI_FILTER_EXPRESSION_NORMAL_H_
#define KASOCKI_FILTER_EXPRESSION_NORMAL_H_

#include <memory>
#include <string>
#include <vector>

#include "filter/expression_tree.h"

namespace kasocki {

// What evaluating something costs, roughly.
enum class ExpressionRank { kPaths, kPatterns, kWalk };

struct NormalExpression {
  std::unique_ptr<Logical> tree;
  std::string canonical;
  ExpressionRank rank = ExpressionRank::kPaths;
};

// The parts that must all hold, in order of rank, each once; none if nothing has to. Patterns must have been compiled.
std::vector<NormalExpression> NormalConjunction(std::unique_ptr<Logical> tree);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_EXPRESSION_NORMAL_H_
