// A filter and a document. The filter compiles or is refused; compiled, it must say the same of the document whenever
// it is asked, and so must an equal filter.
//
// Input: the filter (JSON, or an expression without quotes), a zero byte, the document.
#include <string>

#include "filter/filter.h"
#include "fuzz/input.h"

namespace kasocki::fuzz {
namespace {

// A filter's JSON text: what does not begin as one is an expression.
std::string FilterText(std::string_view source) {
  if (source.empty() || source[0] == '{' || source[0] == '[' || source[0] == '"' || !IsValidUtf8(source)) {
    return std::string(source);
  }
  std::string text;
  AppendJsonString(source, &text);
  return text;
}

bool Matches(const Filter& filter, std::string_view document, FilterRun* run) {
  PathSet paths;
  std::vector<size_t> ids;
  for (const JsonPath& path : filter.paths()) ids.push_back(paths.Add(path));
  PaddedText text(document, ',');
  JsonScanner scanner;
  return scanner.Scan(text.view(), &paths) != JsonVerdict::kInvalid &&
         filter.Matches(scanner, scanner.values(), ids, run);
}

}  // namespace
}  // namespace kasocki::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kasocki;
  using namespace kasocki::fuzz;
  Input input(data, size);
  const std::string source = FilterText(input.Part());
  std::string_view document = input.Rest();
  auto filter = Filter::Compile(source, FilterLimits{});
  auto twin = Filter::Compile(source, FilterLimits{});
  Require(filter.ok() == twin.ok(), "a filter compiles or does not");
  if (!filter.ok()) {
    Require(!filter.error().message.empty() && IsValidUtf8(filter.error().message), "an error says why, in UTF-8");
    return 0;
  }
  Require(filter.value()->canonical() == twin.value()->canonical(), "equal filters are known to be equal");
  FilterRun run;
  FilterRun other_run;
  const bool matches = Matches(*filter.value(), document, &run);
  const int64_t steps = run.steps();
  Require(Matches(*twin.value(), document, &other_run) == matches, "equal filters match the same");
  Require(other_run.steps() == steps, "equal filters take the same steps");
  // Patterns of the document are known now.
  Require(Matches(*filter.value(), document, &run) == matches && run.steps() == steps, "again it is the same");
  const auto guarded = Filter::Guarded(*filter.value(), twin.value().get());
  Require(Matches(*guarded, document, &run) == matches, "a filter guarded by itself is the filter");
  return 0;
}
