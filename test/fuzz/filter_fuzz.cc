// A filter and a document. The filter compiles or is refused; compiled, it must say the same of the document whenever
// it is asked, and so must an equal filter.
//
// Input: the filter, a zero byte, the document.
#include "filter/filter.h"
#include "fuzz/input.h"

namespace kasocki::fuzz {
namespace {

bool Matches(const Filter& filter, std::string_view document) {
  PathSet paths;
  std::vector<size_t> ids;
  for (const JsonPath& path : filter.paths()) ids.push_back(paths.Add(path));
  PaddedText text(document, ',');
  JsonScanner scanner;
  return scanner.Scan(text.view(), &paths) != JsonVerdict::kInvalid && filter.Matches(scanner, scanner.values(), ids);
}

}  // namespace
}  // namespace kasocki::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kasocki;
  using namespace kasocki::fuzz;
  Input input(data, size);
  std::string_view source = input.Part();
  std::string_view document = input.Rest();
  auto filter = Filter::Compile(source, FilterLimits{});
  auto twin = Filter::Compile(source, FilterLimits{});
  Require(filter.ok() == twin.ok(), "a filter compiles or does not");
  if (!filter.ok()) {
    Require(!filter.error().message.empty() && IsValidUtf8(filter.error().message), "an error says why, in UTF-8");
    return 0;
  }
  Require(filter.value()->canonical() == twin.value()->canonical(), "equal filters are known to be equal");
  Require(Matches(*filter.value(), document) == Matches(*twin.value(), document), "equal filters match the same");
  return 0;
}
