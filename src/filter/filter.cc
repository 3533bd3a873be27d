// Compiling and evaluating a filter.
//
// The filter's text is first judged by the scanner, as any JSON; the reader here then walks over what is known to be
// valid and flat. Evaluation only looks at values that the scanner picked up on its one walk over the message. The
// usual case, a short literal against a string without escapes, is a comparison of lengths and a memcmp. Cheap
// conditions are tested first.
#include "filter/filter.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/padding.h"
#include "filter/condition.h"
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

// Reads one filter; holds what counts over all of its members.
class Compiler {
 public:
  Compiler(std::string_view valid_json, const FilterLimits& limits) : reader_(valid_json), limits_(limits) {}

  // Members by path; of a repeated name the last counts.
  Result<std::map<std::string, Condition>> Read() {
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
        return FaultAt(path, TooMany("a path has more segments than ", limits_.max_segments));
      }
      auto condition = ReadCondition(path);
      if (!condition.ok()) return condition.error();
      conditions.insert_or_assign(std::move(path), std::move(condition.value()));
      if (conditions.size() > limits_.max_paths)
        return Fault(TooMany("a filter has more paths than ", limits_.max_paths));
      reader_.Skip(',');
    }
    return conditions;
  }

 private:
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
    if (++regexes_ > limits_.max_regexes) {
      return FaultAt(path, TooMany("a filter has more regular expressions than ", limits_.max_regexes));
    }
    auto regex = Regex::Compile(pattern, limits_.regex);
    if (!regex.ok()) return Error{regex.error().kind, FaultAt(path, regex.error().message).message, ""};
    regex_cost_ += regex.value()->cost();
    if (regex_cost_ > limits_.max_regex_cost) {
      return FaultAt(path, "the regular expressions of the filter are too complex taken together");
    }
    return Condition::Matches(pattern, std::move(regex.value()));
  }

  TokenReader reader_;
  const FilterLimits& limits_;
  size_t regexes_ = 0;
  size_t regex_cost_ = 0;
};

}  // namespace

struct Filter::Impl {
  std::string canonical;
  std::vector<JsonPath> paths;
  std::vector<Condition> conditions;  // of paths[i], in order of evaluation
};

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
  const JsonVerdict verdict = scanner.Scan(padded);
  if (verdict == JsonVerdict::kInvalid) return Fault("a filter must be JSON: " + scanner.reason());
  if (verdict != JsonVerdict::kObject) return Fault("a filter must be an object: { \"dotted.path\": value }");
  auto read = Compiler(padded, limits).Read();
  if (!read.ok()) return read.error();

  auto impl = std::make_unique<Impl>();
  std::vector<std::pair<JsonPath, Condition>> ordered;
  for (auto& [path, condition] : read.value()) {
    AppendQuoted(path, &impl->canonical);
    impl->canonical += ':';
    condition.AppendCanonical(&impl->canonical);
    impl->canonical += ',';
    ordered.emplace_back(SplitPath(path), std::move(condition));
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.second.rank() < b.second.rank(); });
  for (auto& [path, condition] : ordered) {
    impl->paths.push_back(std::move(path));
    impl->conditions.push_back(std::move(condition));
  }
  return std::shared_ptr<const Filter>(new Filter(std::move(impl)));
}

std::shared_ptr<const Filter> Filter::Both(std::shared_ptr<const Filter> one, std::shared_ptr<const Filter> other) {
  if (!one || !other || one->canonical() == other->canonical()) return one ? one : other;
  // Conditions of both in order of their cost, as in each of them.
  std::vector<std::pair<const JsonPath*, const Condition*>> ordered;
  for (const Filter* filter : {one.get(), other.get()}) {
    for (size_t i = 0; i < filter->impl_->paths.size(); ++i) {
      ordered.emplace_back(&filter->impl_->paths[i], &filter->impl_->conditions[i]);
    }
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.second->rank() < b.second->rank(); });
  auto impl = std::make_unique<Impl>();
  impl->canonical = one->canonical() + '&' + other->canonical();
  for (const auto& [path, condition] : ordered) {
    impl->paths.push_back(*path);
    impl->conditions.push_back(*condition);
  }
  return std::shared_ptr<const Filter>(new Filter(std::move(impl)));
}

const std::string& Filter::canonical() const { return impl_->canonical; }

const std::vector<JsonPath>& Filter::paths() const { return impl_->paths; }

const std::vector<Condition>& Filter::conditions() const { return impl_->conditions; }

bool Filter::LooksAt(std::string_view field) const {
  return std::any_of(impl_->paths.begin(), impl_->paths.end(),
                     [field](const JsonPath& path) { return path.front() == field; });
}

bool Filter::Matches(const JsonScanner& scanner, const std::vector<JsonValue>& values, const std::vector<size_t>& ids,
                     size_t known) const {
  for (size_t i = 0; i < ids.size(); i++) {
    if (i != known && !impl_->conditions[i].Holds(scanner, values[ids[i]])) return false;
  }
  return true;
}

}  // namespace kasocki
