// An expression and a document. The expression compiles, or its error says where in the text it is wrong. Compiled, it
// agrees with what can be written of it otherwise: !(e) holds where e does not, (e), e && e and e || e are e, and of a
// query, what it selects is as much as count() says.
//
// Input: the expression, a zero byte, the document.
#include <optional>
#include <string>
#include <vector>

#include "filter/filter.h"
#include "fuzz/input.h"

namespace kasocki::fuzz {
namespace {

using FilterPtr = std::shared_ptr<const Filter>;

Result<FilterPtr> CompileText(const std::string& expression) {
  std::string json;
  AppendJsonString(expression, &json);
  return Filter::Compile(json, FilterLimits{});
}

// One that was derived from a valid one: it may be too large, but not wrong. Null: it is too large.
FilterPtr CompileDerived(const std::string& expression) {
  auto filter = CompileText(expression);
  if (filter.ok()) return filter.value();
  for (const char* limit :
       {"deeper than", "more regular expressions than", "taken together", "larger than", "more paths"}) {
    if (filter.error().message.find(limit) != std::string::npos) return nullptr;
  }
  fprintf(stderr, "%s: %s\n", expression.c_str(), filter.error().message.c_str());
  Require(false, "what is made of a valid expression is valid");
  return nullptr;
}

// A place in UTF-8 as JavaScript counts.
int64_t Utf16Units(std::string_view text) {
  int64_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

// A document, scanned for one filter.
class Scanned {
 public:
  Scanned(const Filter& filter, std::string_view document) : filter_(filter), text_(document, '}') {
    for (const JsonPath& path : filter.paths()) ids_.push_back(paths_.Add(path));
    valid_ = scanner_.Scan(text_.view(), &paths_) != JsonVerdict::kInvalid;
  }
  bool valid() const { return valid_; }

  // Nothing if it takes too many steps.
  std::optional<bool> Holds() {
    FilterRun run;
    const bool holds = filter_.Matches(scanner_, scanner_.values(), ids_, &run);
    Require(!run.broken_off(), "nothing is broken off without a reason");
    if (run.over_budget()) {
      Require(!holds, "what takes too many steps does not hold");
      return std::nullopt;
    }
    return holds;
  }

  // The nodes that a query selects; nothing if it is none or takes too many steps.
  std::optional<std::vector<JsonNode>> Selected() {
    FilterRun run;
    std::vector<JsonNode> nodes;
    if (!filter_.Select(scanner_, scanner_.values(), ids_, &run, &nodes)) return std::nullopt;
    return nodes;
  }

 private:
  const Filter& filter_;
  PaddedText text_;
  PathSet paths_;
  std::vector<size_t> ids_;
  JsonScanner scanner_;
  bool valid_;
};

void CheckError(const Error& error, const std::string& expression) {
  Require(IsValidUtf8(error.message) && !error.message.empty(), "an error says why, in UTF-8");
  // Only what is about all of the filter has no place.
  const bool general = error.kind == ErrorKind::kLimitExceeded || error.position < 0;
  Require(general || error.position <= Utf16Units(expression), "an error is in the text");
}

void CheckDerived(const std::string& expression, const Filter& filter, std::string_view document) {
  const std::string e = '(' + expression + ')';
  for (const std::string& same : {e, "!(!" + e + ")", e + "&&" + e, e + "||" + e}) {
    const FilterPtr other = CompileDerived(same);
    Require(!other || other->canonical() == filter.canonical(), "what means the same is the same");
  }
  Scanned scanned(filter, document);
  if (!scanned.valid()) return;
  const std::optional<bool> holds = scanned.Holds();
  if (const FilterPtr opposite = CompileDerived('!' + e)) {
    const std::optional<bool> other = Scanned(*opposite, document).Holds();
    Require(!holds || !other || *holds != *other, "either an expression holds or its opposite");
  }
  const std::optional<std::vector<JsonNode>> nodes = scanned.Selected();
  if (!nodes) return;
  const auto count = CompileText("count(" + expression + ")==" + std::to_string(nodes->size()));
  if (!count.ok()) return;  // it is more than a query
  Require(!holds || *holds == !nodes->empty(), "a query holds if it selects something");
  Require(Scanned(*count.value(), document).Holds().value_or(true), "a query selects as much as count() says");
}

}  // namespace
}  // namespace kasocki::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kasocki;
  using namespace kasocki::fuzz;
  Input input(data, size);
  const std::string expression(input.Part());
  const std::string_view document = input.Rest();
  if (!IsValidUtf8(expression)) return 0;
  // What is trimmed from both ends is no blank within an expression.
  const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  auto filter = CompileText(expression);
  if (!filter.ok()) {
    CheckError(filter.error(), expression);
  } else if (!filter.value()->canonical().empty() && visible(expression.front()) && visible(expression.back())) {
    CheckDerived(expression, *filter.value(), document);
  }
  return 0;
}
