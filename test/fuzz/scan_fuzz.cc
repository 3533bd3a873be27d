// A text, which may be JSON. What the scanner says of it is compared with simdjson's own parser as far as that agrees
// with JSON.parse, and what is valid is given metadata and must be valid again.
//
// Input: a byte (style of the metadata), the key, a header's name, its value, then the text.
#include <simdjson.h>

#include "fuzz/input.h"
#include "json/augment.h"
#include "json/scanner.h"

namespace kasocki::fuzz {
namespace {

bool HasByteOrderMark(std::string_view text) { return text.substr(0, 3) == "\xef\xbb\xbf"; }

// simdjson's parser refuses some of what JSON.parse accepts: these, and what is nested deeper than it likes.
bool MayRefuse(simdjson::error_code error) {
  return error == simdjson::NUMBER_ERROR || error == simdjson::BIGINT_ERROR || error == simdjson::STRING_ERROR ||
         error == simdjson::DEPTH_ERROR || error == simdjson::CAPACITY;
}

void CompareWithSimdjson(std::string_view text, JsonVerdict verdict) {
  static simdjson::dom::parser parser;
  if (HasByteOrderMark(text)) return Require(verdict == JsonVerdict::kInvalid, "a byte order mark is invalid");
  simdjson::error_code error = parser.parse(text.data(), text.size()).error();
  if (verdict == JsonVerdict::kInvalid) {
    Require(error != simdjson::SUCCESS, "what simdjson parses is valid");
  } else {
    Require(error == simdjson::SUCCESS || MayRefuse(error), "what is valid simdjson parses");
  }
}

void Splice(std::string_view text, JsonVerdict verdict, const JsonScanner& scanner, const MetadataStyle& style,
            const RecordView& record) {
  std::string metadata, message;
  AppendMetadata("topic", 3, record, &metadata);
  AppendAugmented(text, verdict, scanner.members(), style, metadata, &message);
  PaddedText padded(message, '1');
  JsonScanner again(1100);
  JsonVerdict spliced = again.Scan(padded.view(), nullptr, style.field);
  Require(spliced == verdict, "a message is of the same kind as its record");
  if (verdict != JsonVerdict::kObject || style.field.empty()) {
    return Require(message == text, "what gets no metadata stays as it is");
  }
  if (style.join) return Require(!again.members().empty(), "the metadata are somewhere");
  Require(again.members().size() == 1, "there is one metadata member");
  std::string_view behind = padded.view().substr(again.members()[0].end);
  Require(behind.find_first_not_of(" \t\r\n") == behind.rfind('}'), "it is the last one");
  Require(again.members()[0].value.text == metadata, "it is the metadata");
}

}  // namespace
}  // namespace kasocki::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kasocki;
  using namespace kasocki::fuzz;
  Input input(data, size);
  const uint8_t choice = input.Byte();
  MetadataStyle style{choice & 1 ? "_kafka" : choice & 2 ? "meta" : "", (choice & 4) != 0};
  RecordView record;
  record.offset = choice;
  record.key = input.Part();
  std::string_view name = input.Part();
  record.headers = {{name, input.Part()}, {name, std::nullopt}};
  std::string_view rest = input.Rest();

  static const PathSet* const paths = [] {
    auto* set = new PathSet;
    for (const JsonPath& path : {JsonPath{"a"}, {"a", "0"}, {"a", "b", "c"}, {"meta", "topic"}, {""}}) set->Add(path);
    return set;
  }();
  PaddedText text(rest, '"'), other(rest, '}');
  JsonScanner scanner, plain;
  JsonVerdict verdict = scanner.Scan(text.view(), paths, style.field);
  Require(plain.Scan(other.view()) == verdict, "neither paths nor what stands behind the text matter");
  CompareWithSimdjson(text.view(), verdict);
  if (verdict == JsonVerdict::kObject || verdict == JsonVerdict::kArray) {
    Splice(text.view(), verdict, scanner, style, record);
  }
  return 0;
}
