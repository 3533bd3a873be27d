// Regex: a regular expression run by RE2, in time linear in the text. JavaScript's, of the object language, or I-Regexp
// (RFC 9485), of expressions.
//
//   auto regex = Regex::Compile("^(green|blue)", RegexLimits{});
//   if (regex.ok() && regex.value()->Search("blue sky")) ...
//
// re2.h is included by regex.cc alone (and set.h by regex_set.cc).
#ifndef KASOCKI_FILTER_REGEX_H_
#define KASOCKI_FILTER_REGEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "filter/literals.h"

namespace kasocki {

struct RegexLimits {
  // Bytes that RE2 may use for one pattern: its program (8 bytes an instruction, of which two thirds of this may be
  // used) and the states it builds while it runs. Past it: kLimitExceeded.
  int64_t max_memory = 1 << 18;
  // Work that one search may come to at worst: bytes of text times instructions. When RE2's state cache is of no use, a
  // step takes up to 10 ns, and the thread that searches serves everyone. A longer text does not match.
  int64_t max_search_steps = 1 << 26;
};

struct TranslatedRegex {
  std::string pattern;  // RE2's syntax
  size_t cost = 0;      // an estimate of what RE2 takes to compile it, in about half microseconds
  Literals literals;    // of the whole
};

// Immutable and thread-safe.
class Regex {
 public:
  // `pattern` is JavaScript's syntax without the slashes, code-point meaning (as with the `u` flag, but lenient as
  // without it), no flags; `(?i)` and `(?s)` in front work. What RE2 can't do is an error (kInvalidFilter) that says
  // so; a pattern beyond max_memory is one of kind kLimitExceeded.
  static Result<std::unique_ptr<Regex>> Compile(std::string_view pattern, const RegexLimits& limits);

  // `pattern` is I-Regexp. With `whole` it must match all of a text, else some of it. A null pointer: it is no I-Regexp
  // (which is no error: RFC 9535 has it match nothing). What RE2 can't do is an error, as above.
  static Result<std::unique_ptr<Regex>> CompileIRegexp(std::string_view pattern, bool whole, const RegexLimits& limits);

  ~Regex();

  // True if the pattern matches somewhere in `text` (UTF-8, lone surrogates as WTF-8).
  bool Search(std::string_view text) const;

  // What a search in a text of so many bytes may take, in steps (filter_run.h).
  int64_t SearchSteps(size_t bytes) const;

  // The pattern in RE2's syntax, and the instructions that RE2 made of it.
  const std::string& translated() const;
  size_t program_size() const;

  // Texts (in lower case, as Literals has it) of which one stands in every text that matches; empty: none are known.
  const std::vector<std::string>& literals() const;

  // What compiling it took, in about half microseconds: a bound on the sum bounds the time of a filter's compilation.
  size_t cost() const;

 private:
  struct Impl;
  explicit Regex(std::unique_ptr<Impl> impl);
  // `pattern`: as it was given, and what it stands between, for error messages.
  static Result<std::unique_ptr<Regex>> Run(const TranslatedRegex& translated, std::string_view pattern, char quote,
                                            const RegexLimits& limits);
  std::unique_ptr<Impl> impl_;
};

// Rewrites JavaScript's pattern syntax into RE2's with the same meaning, as far as "matches somewhere" goes: groups
// capture nothing. Thread-safe.
//
// One difference is left: under (?i), JavaScript's \b counts U+017F and U+212A as letters of words, RE2's does not.
Result<TranslatedRegex> TranslateJsRegex(std::string_view pattern);

// The same of I-Regexp; with `whole` the pattern must match all of a text. No value: it is no I-Regexp. Thread-safe.
Result<std::optional<TranslatedRegex>> TranslateIRegexp(std::string_view pattern, bool whole);

// Patterns that cost more are refused: about 20 ms.
inline constexpr size_t kMaxRegexCost = 40000;
// The next of the characters that RE2 takes for equal when it ignores case, in a cycle; the character itself if there
// are no others. Thread-safe.
uint32_t NextCase(uint32_t code_point);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_REGEX_H_
