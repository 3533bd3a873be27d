// Parsing expressions: RFC 9535's grammar, with its well-typedness.
#ifndef KASOCKI_FILTER_EXPRESSION_PARSER_H_
#define KASOCKI_FILTER_EXPRESSION_PARSER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "filter/expression_tree.h"

namespace kasocki {

struct ExpressionFault {
  size_t position = 0;  // byte
  std::string what;     // empty: none
};

// A logical expression, as it may stand behind the `?` of a filter selector; at its top level `@` is the message, as `$`
// is. `text` is UTF-8, lone surrogates as WTF-8 (which are faults). Null: it is none, and *fault says why.
std::unique_ptr<Logical> ParseExpression(std::string_view text, ExpressionFault* fault);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_EXPRESSION_PARSER_H_
