// Regex on RE2.
//
// RE2 runs a DFA that it builds as it goes, about 1 ns a byte, and where that would need too many states an NFA, up to
// 10 ns a byte and instruction. It never goes back in the text, so a search is bounded by text times program;
// RegexLimits bounds that.
#include "filter/regex.h"

#include <re2/re2.h>
#include <re2/unicode_casefold.h>

#include <utility>

#include "filter/filter_run.h"
#include "filter/wtf8.h"

namespace kasocki {

struct Regex::Impl {
  Impl(const std::string& pattern, const RE2::Options& options) : re2(pattern, options) {}

  const RE2 re2;
  size_t program_size = 0;
  std::vector<std::string> literals;
  size_t cost = 0;
  size_t max_text = 0;  // bytes
};

Regex::Regex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Regex::~Regex() = default;

Result<std::unique_ptr<Regex>> Regex::Compile(std::string_view pattern, const RegexLimits& limits) {
  auto translated = TranslateJsRegex(pattern);
  if (!translated.ok()) return translated.error();
  return Run(translated.value(), pattern, '/', limits);
}

Result<std::unique_ptr<Regex>> Regex::CompileIRegexp(std::string_view pattern, bool whole, const RegexLimits& limits) {
  auto translated = TranslateIRegexp(pattern, whole);
  if (!translated.ok()) return translated.error();
  if (!translated.value()) return std::unique_ptr<Regex>();
  return Run(*translated.value(), pattern, '"', limits);
}

Result<std::unique_ptr<Regex>> Regex::Run(const TranslatedRegex& translated, std::string_view pattern, char quote,
                                          const RegexLimits& limits) {
  RE2::Options options(RE2::Quiet);  // else it writes to stderr, of patterns and of searches
  options.set_max_mem(limits.max_memory);
  auto impl = std::make_unique<Impl>(translated.pattern, options);
  if (!impl->re2.ok()) {
    ErrorKind kind = ErrorKind::kInvalidFilter;
    std::string what;
    switch (impl->re2.error_code()) {
      case RE2::ErrorPatternTooLarge:
        kind = ErrorKind::kLimitExceeded;
        what = "it is too large (RE2 needs more than " + std::to_string(limits.max_memory) + " bytes)";
        break;
      case RE2::ErrorRepeatSize:
        what = "RE2 repeats at most 1000 times, repeats in repeats multiplied";
        break;
      case RE2::ErrorBadCharRange:
        what = "RE2 has no such property: " + Excerpt(impl->re2.error_arg());
        break;
      default:
        what = Excerpt(impl->re2.error());
    }
    std::string message = "regular expression ";
    message.append(1, quote).append(Excerpt(pattern)).append(1, quote).append(": ").append(what);
    return Error{kind, std::move(message), ""};
  }
  const auto program = static_cast<size_t>(impl->re2.ProgramSize());
  impl->literals = translated.literals.Required();
  impl->cost = translated.cost + program;
  impl->program_size = program;
  impl->max_text = static_cast<size_t>(limits.max_search_steps) / (program + 1);
  return std::unique_ptr<Regex>(new Regex(std::move(impl)));
}

bool Regex::Search(std::string_view text) const {
  if (text.size() > impl_->max_text) return false;
  return impl_->re2.Match(text, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

int64_t Regex::SearchSteps(size_t bytes) const {
  return 1 + static_cast<int64_t>(bytes * (impl_->program_size + 1) / kRegexWorkPerStep);
}

const std::string& Regex::translated() const { return impl_->re2.pattern(); }

size_t Regex::program_size() const { return impl_->program_size; }

const std::vector<std::string>& Regex::literals() const { return impl_->literals; }

size_t Regex::cost() const { return impl_->cost; }

uint32_t NextCase(uint32_t code_point) {
  const auto rune = static_cast<re2::Rune>(code_point);
  const re2::CaseFold* fold = re2::LookupCaseFold(re2::unicode_casefold, re2::num_unicode_casefold, rune);
  if (fold == nullptr || rune < fold->lo) return code_point;
  return static_cast<uint32_t>(re2::ApplyFold(fold, rune));
}

}  // namespace kasocki
