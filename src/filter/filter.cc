// Compiling and evaluating a filter.
//
// The filter's text is first judged by the scanner, as any JSON; the reader here then walks over what is known to be
// valid. Whatever it is written in becomes a list of conjuncts: conditions at paths, and expressions. They are sorted by
// their canonical texts and by what they cost.
//
// Conditions only look at values that the scanner picked up on its one walk over the message. The usual case, a short
// literal against a string without escapes, is a comparison of lengths and a memcmp. Cheap conditions are tested first,
// and expressions after them.
#include "filter/filter.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/padding.h"
#include "filter/condition.h"
#include "filter/expression.h"
#include "filter/wtf8.h"

namespace kasocki {

namespace {

// Reads tokens from a text that is known to be valid JSON.
class TokenReader {
 public:
  explicit TokenReader(std::string_view text) : text_(text) {}

  // Skips white space; moves behind `c` if it comes next.
  bool Skip(char c) {
    at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size());
    if (at_ == text_.size() || text_[at_] != c) return false;
    at_++;
    return true;
  }

  // A scalar, or merely the kind of an array or object, whose bracket comes next.
  JsonValue Next() {
    JsonValue value;
    if (Skip('"')) {
      value.kind = JsonKind::kString;
      const size_t begin = at_;
      for (; text_[at_] != '"'; at_++) {
        if (text_[at_] != '\\') continue;
        value.escaped = true;
        at_++;
      }
      value.text = text_.substr(begin, at_++ - begin);
      return value;
    }
    const size_t begin = at_;
    const char first = text_[begin];
    if (first == '[' || first == '{') {
      value.kind = first == '[' ? JsonKind::kArray : JsonKind::kObject;
      return value;
    }
    at_ = std::min(text_.find_first_of(" \t\n\r,]}", begin), text_.size());
    value.text = text_.substr(begin, at_ - begin);
    value.kind = first == 'n'   ? JsonKind::kNull
                 : first == 't' ? JsonKind::kTrue
                 : first == 'f' ? JsonKind::kFalse
                                : JsonKind::kNumber;
    return value;
  }

 private:
  const std::string_view text_;
  size_t at_ = 0;
};

JsonPath SplitPath(std::string_view dotted) {
  JsonPath path;
  for (;;) {
    const size_t dot = dotted.find('.');
    path.emplace_back(dotted.substr(0, dot));
    if (dot == std::string_view::npos) return path;
    dotted.remove_prefix(dot + 1);
  }
}

Error Fault(const std::string& what) { return Error{ErrorKind::kInvalidFilter, what, ""}; }

Error OverLimit(const std::string& what) { return Error{ErrorKind::kLimitExceeded, what, ""}; }

Error FaultAt(std::string_view path, const std::string& what) {
  return Fault("filter \"" + Excerpt(path) + "\": " + what);
}

std::string TooMany(const char* what, size_t limit) { return std::string(what) + std::to_string(limit); }

// What JavaScript's trim() removes.
bool IsBlank(uint32_t c) {
  return (c >= '\t' && c <= '\r') || c == ' ' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

// Where the text begins and ends without blanks.
std::pair<size_t, size_t> Trim(std::string_view text) {
  size_t begin = text.size();
  size_t end = text.size();
  size_t at = 0;
  while (at < text.size()) {
    const size_t character = at;
    uint32_t c = 0;
    if (!DecodeWtf8(text, &at, &c)) c = static_cast<unsigned char>(text[at++]);
    if (IsBlank(c)) continue;
    begin = std::min(begin, character);
    end = at;
  }
  return {begin, end};
}

// How many UTF-16 units the first `bytes` of a text are: a place in it as JavaScript counts.
int64_t Utf16Length(std::string_view text, size_t bytes) {
  int64_t units = 0;
  for (size_t at = 0; at < bytes;) {
    uint32_t c = 0;
    if (!DecodeWtf8(text, &at, &c)) at++;
    units += c > 0xFFFF ? 2 : 1;
  }
  return units;
}

// Compiles patterns; holds what counts over all of a filter.
class Patterns : public PatternCompiler {
 public:
  explicit Patterns(const FilterLimits& limits) : limits_(limits) {}

  Result<std::unique_ptr<Regex>> CompileJs(std::string_view pattern) {
    if (++count_ > limits_.max_regexes) return TooManyPatterns();
    return Count(Regex::Compile(pattern, limits_.regex));
  }

  Result<std::unique_ptr<Regex>> Compile(std::string_view pattern, bool whole) override {
    if (++count_ > limits_.max_regexes) return TooManyPatterns();
    return Count(Regex::CompileIRegexp(pattern, whole, limits_.regex));
  }

 private:
  Error TooManyPatterns() const {
    return Fault(TooMany("a filter has more regular expressions than ", limits_.max_regexes));
  }

  Result<std::unique_ptr<Regex>> Count(Result<std::unique_ptr<Regex>> regex) {
    if (!regex.ok() || !regex.value()) return regex;
    cost_ += regex.value()->cost();
    if (cost_ > limits_.max_regex_cost) {
      return Fault("the regular expressions of the filter are too complex taken together");
    }
    return regex;
  }

  const FilterLimits& limits_;
  size_t count_ = 0;
  size_t cost_ = 0;
};

// Reads one filter.
class Compiler {
 public:
  Compiler(std::string_view valid_json, const FilterLimits& limits)
      : reader_(valid_json), limits_(limits), patterns_(limits) {}

  // What must hold.
  Result<std::vector<Conjunct>> Read() {
    if (!reader_.Skip('[')) {
      if (!ReadItem("a filter must be an object, { \"dotted.path\": value }, an expression as a string, or an array of "
                    "these")) {
        return error_;
      }
      return std::move(conjuncts_);
    }
    if (reader_.Skip(']')) return Fault("a filter must not be an empty array");
    for (int64_t i = 0; !reader_.Skip(']'); i++) {
      if (!ReadItem("neither an object nor a string")) {
        error_.item = i;
        error_.message = "item " + std::to_string(i) + " of the array: " + error_.message;
        return error_;
      }
      reader_.Skip(',');
    }
    return std::move(conjuncts_);
  }

 private:
  // Each reads something and adds to conjuncts_. False: error_ says why not.

  bool Fail(Error error) {
    error_ = std::move(error);
    return false;
  }

  bool ReadItem(const char* otherwise) {
    const JsonValue value = reader_.Next();
    if (value.kind == JsonKind::kObject) return ReadObject();
    if (value.kind != JsonKind::kString) return Fail(Fault(otherwise));
    std::string text;
    UnescapeJsonString(value.text, &text);
    return ReadExpression(text);
  }

  bool ReadExpression(std::string_view text) {
    const auto [begin, end] = Trim(text);
    if (begin == end) return true;
    auto read = CompileExpression(text.substr(begin, end - begin), &patterns_);
    if (!read.ok()) {
      Error error = read.error();
      error.position = Utf16Length(text, begin + static_cast<size_t>(error.position));
      error.message = "expression, position " + std::to_string(error.position) + ": " + error.message;
      return Fail(std::move(error));
    }
    for (Conjunct& conjunct : read.value()) conjuncts_.push_back(std::move(conjunct));
    return CheckPathCount();
  }

  // Of a repeated name the last counts.
  bool ReadObject() {
    std::map<std::string, Condition> conditions;
    reader_.Skip('{');
    while (!reader_.Skip('}')) {
      const JsonValue name = reader_.Next();
      std::string path;
      if (name.escaped) {
        UnescapeJsonString(name.text, &path);
      } else {
        path = name.text;
      }
      reader_.Skip(':');
      if (static_cast<size_t>(std::count(path.begin(), path.end(), '.')) >= limits_.max_segments) {
        return Fail(FaultAt(path, TooMany("a path has more segments than ", limits_.max_segments)));
      }
      auto condition = ReadCondition(path);
      if (!condition.ok()) return Fail(condition.error());
      conditions.insert_or_assign(std::move(path), std::move(condition.value()));
      reader_.Skip(',');
    }
    for (auto& [path, condition] : conditions) conjuncts_.push_back(AtPath(SplitPath(path), std::move(condition)));
    return CheckPathCount();
  }

  bool CheckPathCount() {
    size_t count = 0;
    for (const Conjunct& conjunct : conjuncts_) count += conjunct.expression ? conjunct.expression->paths().size() : 1;
    return count <= limits_.max_paths || Fail(Fault(TooMany("a filter has more paths than ", limits_.max_paths)));
  }

  Result<Condition> ReadCondition(const std::string& path) {
    const JsonValue value = reader_.Next();
    if (value.kind == JsonKind::kObject) {
      return FaultAt(path, "an object cannot be a filter's value (write a dotted path)");
    }
    if (value.kind == JsonKind::kArray) return ReadSet(path);
    if (value.kind == JsonKind::kString) {
      // Unescaped first: a slash may be written as \/.
      std::string text;
      UnescapeJsonString(value.text, &text);
      if (text.size() >= 2 && text.front() == '/' && text.back() == '/') {
        return ReadRegex(path, std::string_view(text).substr(1, text.size() - 2));
      }
    }
    return Condition::Equals(value);
  }

  Result<Condition> ReadSet(const std::string& path) {
    ScalarSet set;
    reader_.Skip('[');
    while (!reader_.Skip(']')) {
      const JsonValue item = reader_.Next();
      if (item.kind == JsonKind::kArray || item.kind == JsonKind::kObject) {
        return FaultAt(path, "the items of an array must be strings, numbers, booleans or null");
      }
      set.Add(item);
      reader_.Skip(',');
    }
    return Condition::Among(std::move(set));
  }

  Result<Condition> ReadRegex(const std::string& path, std::string_view pattern) {
    auto regex = patterns_.CompileJs(pattern);
    if (!regex.ok()) {
      Error error = regex.error();
      error.message = FaultAt(path, error.message).message;
      return error;
    }
    return Condition::Matches(pattern, std::move(regex.value()));
  }

  TokenReader reader_;
  const FilterLimits& limits_;
  Patterns patterns_;
  std::vector<Conjunct> conjuncts_;
  Error error_;
};

}  // namespace

struct Filter::Impl {
  Impl(std::vector<Conjunct> all, int64_t guard_steps, int64_t steps);

  struct PlacedExpression {
    std::shared_ptr<const Expression> expression;
    size_t first_path;
  };
  // Expressions that share a budget, in order of evaluation.
  struct Budgeted {
    int64_t max_steps;
    bool of_guard;
    std::vector<PlacedExpression> expressions;
  };

  void Place(Budgeted* part, const std::vector<const Conjunct*>& by_rank);

  std::vector<Conjunct> conjuncts;  // in order of their canonical texts
  std::string canonical;
  std::vector<JsonPath> paths;
  std::vector<Condition> conditions;  // at the first paths, in order of evaluation
  Budgeted guard;                     // before `own`
  Budgeted own;
};

Filter::Impl::Impl(std::vector<Conjunct> all, int64_t guard_steps, int64_t steps)
    : conjuncts(std::move(all)), guard{guard_steps, true, {}}, own{steps, false, {}} {
  // Of equal ones the guard's comes first, and stays.
  std::sort(conjuncts.begin(), conjuncts.end(), [](const Conjunct& a, const Conjunct& b) {
    return a.canonical != b.canonical ? a.canonical < b.canonical : a.of_guard && !b.of_guard;
  });
  const auto equal = [](const Conjunct& a, const Conjunct& b) { return a.canonical == b.canonical; };
  conjuncts.erase(std::unique(conjuncts.begin(), conjuncts.end(), equal), conjuncts.end());
  std::vector<const Conjunct*> by_rank;
  for (const Conjunct& conjunct : conjuncts) {
    if (conjunct.of_guard) canonical += "guard:";
    canonical += conjunct.canonical;
    canonical += ',';
    by_rank.push_back(&conjunct);
  }
  std::stable_sort(by_rank.begin(), by_rank.end(), [](const Conjunct* a, const Conjunct* b) {
    if (a->condition.has_value() != b->condition.has_value()) return a->condition.has_value();
    return a->condition ? a->condition->rank() < b->condition->rank() : a->expression->rank() < b->expression->rank();
  });
  for (const Conjunct* conjunct : by_rank) {
    if (!conjunct->condition) continue;
    paths.push_back(conjunct->path);
    conditions.push_back(*conjunct->condition);
  }
  Place(&guard, by_rank);
  Place(&own, by_rank);
}

void Filter::Impl::Place(Budgeted* part, const std::vector<const Conjunct*>& by_rank) {
  for (const Conjunct* conjunct : by_rank) {
    if (conjunct->condition || conjunct->of_guard != part->of_guard) continue;
    part->expressions.push_back({conjunct->expression, paths.size()});
    for (const JsonPath& path : conjunct->expression->paths()) paths.push_back(path);
  }
  // What is out of steps does not match: another limit is another filter.
  if (part->expressions.empty()) return;
  canonical += (part->of_guard ? "guard's steps:" : "steps:") + std::to_string(part->max_steps);
}

Filter::Filter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Filter::~Filter() = default;

Result<std::shared_ptr<const Filter>> Filter::Compile(std::string_view json, const FilterLimits& limits) {
  if (json.size() > limits.max_bytes) {
    return OverLimit("a filter is larger than " + std::to_string(limits.max_bytes) + " bytes");
  }
  std::string padded;
  padded.reserve(json.size() + kPadding);
  padded = json;
  JsonScanner scanner;
  if (scanner.Scan(padded) == JsonVerdict::kInvalid) return Fault("a filter must be JSON: " + scanner.reason());
  auto read = Compiler(padded, limits).Read();
  if (!read.ok()) return read.error();
  return std::shared_ptr<const Filter>(
      new Filter(std::make_unique<Impl>(std::move(read.value()), 0, limits.max_steps)));
}

std::shared_ptr<const Filter> Filter::Guarded(const Filter& guard, const Filter* filter) {
  std::vector<Conjunct> conjuncts = guard.impl_->conjuncts;
  // Conditions take no steps: it does not matter whose they are.
  for (Conjunct& conjunct : conjuncts) conjunct.of_guard = conjunct.expression != nullptr;
  int64_t max_steps = 0;
  if (filter != nullptr) {
    conjuncts.insert(conjuncts.end(), filter->impl_->conjuncts.begin(), filter->impl_->conjuncts.end());
    max_steps = filter->max_steps();
  }
  return std::shared_ptr<const Filter>(
      new Filter(std::make_unique<Impl>(std::move(conjuncts), guard.max_steps(), max_steps)));
}

const std::string& Filter::canonical() const { return impl_->canonical; }

const std::vector<JsonPath>& Filter::paths() const { return impl_->paths; }

const std::vector<Condition>& Filter::conditions() const { return impl_->conditions; }

bool Filter::has_expressions() const { return !impl_->guard.expressions.empty() || !impl_->own.expressions.empty(); }

bool Filter::is_cheap() const {
  return !has_expressions() &&
         std::all_of(impl_->conditions.begin(), impl_->conditions.end(), [](const Condition& condition) {
           return condition.test() != Condition::Test::kSet && condition.test() != Condition::Test::kRegex;
         });
}

int64_t Filter::max_steps() const { return impl_->own.max_steps; }

bool Filter::LooksAt(std::string_view field) const {
  const auto& paths = impl_->paths;
  const auto looks_at = [&](const Impl::PlacedExpression& placed) { return placed.expression->LooksAt(field); };
  const auto any = [&](const Impl::Budgeted& part) {
    return std::any_of(part.expressions.begin(), part.expressions.end(), looks_at);
  };
  return std::any_of(paths.begin(), paths.end(), [&](const JsonPath& path) { return path.front() == field; }) ||
         any(impl_->guard) || any(impl_->own);
}

bool Filter::Matches(const JsonScanner& scanner, const std::vector<JsonValue>& values, const std::vector<size_t>& ids,
                     FilterRun* run, size_t known) const {
  run->Begin();
  for (size_t i = 0; i < impl_->conditions.size(); i++) {
    if (i != known && !impl_->conditions[i].Holds(scanner, values[ids[i]], run)) return false;
  }
  for (const Impl::Budgeted* part : {&impl_->guard, &impl_->own}) {
    if (part->expressions.empty()) continue;
    run->EnterBudget(part->max_steps, part->of_guard);
    for (const Impl::PlacedExpression& placed : part->expressions) {
      const Message message{scanner, values, ids.data() + placed.first_path};
      if (!placed.expression->Holds(message, run)) return false;
    }
  }
  return true;
}

bool Filter::Select(const JsonScanner& scanner, const std::vector<JsonValue>& values, const std::vector<size_t>& ids,
                    FilterRun* run, std::vector<JsonNode>* nodes) const {
  run->Begin();
  if (impl_->conjuncts.empty()) {
    nodes->push_back(JsonDocument::root());  // `$` alone, which was found to be always true
    return true;
  }
  const auto& expressions = impl_->own.expressions;
  if (impl_->conjuncts.size() != 1 || expressions.empty()) return false;
  run->EnterBudget(impl_->own.max_steps);
  return expressions[0].expression->Select({scanner, values, ids.data()}, run, nodes);
}

}  // namespace kasocki
