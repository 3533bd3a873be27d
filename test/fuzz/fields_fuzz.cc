// A record from which fields are cut. What is left must be JSON of the same kind, with nothing left to cut in it, and what
// was to be cut must not be found any more.
//
// Input: a byte (drop or only), dotted paths up to an empty one, then the text.
#include "fuzz/input.h"
#include "json/fields.h"
#include "json/scanner.h"

namespace kasocki::fuzz {
namespace {

constexpr size_t kMaxPaths = 16;

JsonPath SplitPath(std::string_view dotted) {
  JsonPath path;
  for (;;) {
    const size_t dot = dotted.find('.');
    path.emplace_back(dotted.substr(0, dot));
    if (dot == std::string_view::npos) return path;
    dotted.remove_prefix(dot + 1);
  }
}

void Check(const FieldMask& mask, const PathSet& paths, const PaddedText& text, const JsonScanner& scanner,
           JsonVerdict verdict) {
  FieldCutter cutter;
  std::string left;
  const bool cut = cutter.Cut(mask, scanner, &left);
  Require(cut || left.empty(), "where nothing is cut nothing is written");
  const PaddedText padded(cut ? std::string_view(left) : text.view(), '"');
  JsonScanner again;
  Require(again.Scan(padded.view(), &paths) == verdict, "what is left is of the same kind");
  if (mask.mode() == FieldMask::Mode::kDrop) {
    // An element that was cut is null.
    for (const JsonValue& value : again.values()) {
      Require(value.kind == JsonKind::kMissing || value.kind == JsonKind::kNull, "what was cut is not there");
    }
  }
  std::string rest;
  const bool more = cutter.Cut(mask, again, &rest);
  Require(!more || rest == padded.view(), "there is nothing left to cut");
}

}  // namespace
}  // namespace kasocki::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kasocki;
  using namespace kasocki::fuzz;
  Input input(data, size);
  const auto mode = input.Byte() & 1 ? FieldMask::Mode::kOnly : FieldMask::Mode::kDrop;
  std::vector<JsonPath> list;
  PathSet paths;
  for (std::string_view part = input.Part(); !part.empty() && list.size() < kMaxPaths; part = input.Part()) {
    list.push_back(SplitPath(part));
    paths.Add(list.back());
  }
  if (list.empty()) list.push_back({""});
  const FieldMask mask(mode, list);
  const PaddedText text(input.Rest(), '}');
  JsonScanner scanner;
  const JsonVerdict verdict = scanner.Scan(text.view());
  if (verdict == JsonVerdict::kObject || verdict == JsonVerdict::kArray) Check(mask, paths, text, scanner, verdict);
  return 0;
}
