#include "filter/condition.h"

#include <algorithm>
#include <utility>

namespace kasocki {

namespace {

// How much longer an escaped text is than what it stands for: \u0041 is one byte.
constexpr size_t kLongestEscape = 6;

std::string_view WordText(JsonKind word) {
  return word == JsonKind::kNull ? "null" : word == JsonKind::kTrue ? "true" : "false";
}

bool StringEquals(const JsonValue& value, const std::string& text) {
  if (!value.escaped) return value.text == text;
  // An escape is longer than its character.
  if (value.text.size() <= text.size() || value.text.size() / kLongestEscape > text.size()) return false;
  std::string scratch;
  return StringText(value, &scratch) == text;
}

bool SearchScalar(const Regex& regex, const JsonValue& value, FilterRun* run) {
  PatternBuffer buffer;
  std::string_view text;
  return PatternText(value, &buffer, &text) && run->Spend(regex.SearchSteps(text.size())) && regex.Search(text);
}

template <typename T, typename Value>
std::optional<size_t> FindSorted(const std::vector<T>& sorted, const Value& value, size_t first_index) {
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), value);
  if (found == sorted.end() || *found != value) return std::nullopt;
  return first_index + static_cast<size_t>(found - sorted.begin());
}

template <typename T>
void SortUnique(std::vector<T>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

void AppendNumber(double number, std::string* out) {
  char buffer[kNumberTextSize];
  *out += NumberText(number, buffer);
}

}  // namespace

std::string_view StringText(const JsonValue& value, std::string* scratch) {
  if (!value.escaped) return value.text;
  scratch->clear();
  UnescapeJsonString(value.text, scratch);
  return *scratch;
}

bool PatternText(const JsonValue& value, PatternBuffer* buffer, std::string_view* text) {
  switch (value.kind) {
    case JsonKind::kString:
      *text = StringText(value, &buffer->unescaped);
      return true;
    case JsonKind::kNumber:
      *text = NumberText(value.text, buffer->number);
      return true;
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      *text = WordText(value.kind);
      return true;
    default:
      return false;
  }
}

void AppendQuoted(std::string_view text, std::string* out) {
  *out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') *out += '\\';
    *out += c;
  }
  *out += '"';
}

void ScalarSet::Add(const JsonValue& scalar) {
  if (scalar.kind == JsonKind::kString) {
    std::string scratch;
    strings_.emplace_back(StringText(scalar, &scratch));
  } else if (scalar.kind == JsonKind::kNumber) {
    numbers_.push_back(ParseJsonNumber(scalar.text));
  } else {
    words_.push_back(scalar.kind);
  }
}

void ScalarSet::Finish() {
  SortUnique(&strings_);
  SortUnique(&numbers_);
  SortUnique(&words_);
}

std::optional<size_t> ScalarSet::Find(const JsonValue& value) const {
  if (value.kind == JsonKind::kString) {
    if (strings_.empty()) return std::nullopt;
    std::string scratch;
    return FindSorted(strings_, StringText(value, &scratch), 0);
  }
  if (value.kind == JsonKind::kNumber) {
    if (numbers_.empty()) return std::nullopt;
    return FindSorted(numbers_, ParseJsonNumber(value.text), strings_.size());
  }
  return FindSorted(words_, value.kind, strings_.size() + numbers_.size());
}

void ScalarSet::AppendCanonical(std::string* out) const {
  *out += '[';
  for (const std::string& text : strings_) {
    AppendQuoted(text, out);
    *out += ',';
  }
  for (const double number : numbers_) {
    AppendNumber(number, out);
    *out += ',';
  }
  for (const JsonKind word : words_) {
    *out += WordText(word);
    *out += ',';
  }
  *out += ']';
}

Condition Condition::Equals(const JsonValue& scalar) {
  if (scalar.kind == JsonKind::kNumber) return Equals(scalar.kind, ParseJsonNumber(scalar.text), "");
  std::string scratch;
  return Equals(scalar.kind, 0, std::string(StringText(scalar, &scratch)));
}

Condition Condition::Equals(JsonKind kind, double number, std::string text) {
  Condition condition;
  if (kind == JsonKind::kString) {
    condition.test_ = Test::kString;
    condition.text_ = std::move(text);
  } else if (kind == JsonKind::kNumber) {
    condition.test_ = Test::kNumber;
    condition.number_ = number;
    AppendNumber(number, &condition.text_);
  } else {
    condition.test_ = Test::kWord;
    condition.word_ = kind;
  }
  return condition;
}

Condition Condition::Matches(std::string_view pattern, std::unique_ptr<Regex> regex) {
  Condition condition;
  condition.test_ = Test::kRegex;
  condition.text_ = pattern;
  condition.regex_ = std::move(regex);
  return condition;
}

Condition Condition::Among(ScalarSet set) {
  Condition condition;
  condition.test_ = Test::kSet;
  condition.set_ = std::move(set);
  condition.set_.Finish();
  return condition;
}

bool Condition::Holds(const JsonScanner& scanner, const JsonValue& value, FilterRun* run) const {
  const bool takes_arrays = test_ == Test::kSet || test_ == Test::kRegex;
  if (takes_arrays && value.kind == JsonKind::kArray) return HoldsForArray(scanner, value, run);
  return test_ == Test::kRegex ? SearchScalar(*regex_, value, run) : EqualsScalar(value);
}

bool Condition::EqualsScalar(const JsonValue& value) const {
  switch (test_) {
    case Test::kWord:
      return value.kind == word_;
    case Test::kNumber:
      return value.kind == JsonKind::kNumber && (value.text == text_ || ParseJsonNumber(value.text) == number_);
    case Test::kString:
      return value.kind == JsonKind::kString && StringEquals(value, text_);
    case Test::kSet:
      return set_.Find(value).has_value();
    case Test::kRegex:
      return false;
  }
  return false;
}

bool Condition::HoldsForArray(const JsonScanner& scanner, const JsonValue& array, FilterRun* run) const {
  size_t wanted = set_.size();  // members not met yet
  if (test_ == Test::kSet && wanted == 0) return true;
  std::vector<JsonValue> elements;
  scanner.Elements(array, &elements);
  if (test_ == Test::kRegex) {
    return std::any_of(elements.begin(), elements.end(),
                       [&](const JsonValue& element) { return SearchScalar(*regex_, element, run); });
  }
  if (elements.size() < wanted) return false;
  std::vector<bool> met(wanted, false);
  for (const JsonValue& element : elements) {
    const auto found = set_.Find(element);
    if (!found.has_value() || met[*found]) continue;
    met[*found] = true;
    if (--wanted == 0) return true;
  }
  return false;
}

int Condition::rank() const { return static_cast<int>(test_); }

void Condition::AppendCanonical(std::string* out) const {
  switch (test_) {
    case Test::kWord:
      *out += WordText(word_);
      break;
    case Test::kNumber:
      *out += text_;
      break;
    case Test::kString:
      AppendQuoted(text_, out);
      break;
    case Test::kSet:
      set_.AppendCanonical(out);
      break;
    case Test::kRegex:
      *out += '/';
      AppendQuoted(text_, out);
      break;
  }
}

}  // namespace kasocki
