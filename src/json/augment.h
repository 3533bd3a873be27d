// A record's metadata as JSON text, and its splicing into the record's own text.
#ifndef KASOCKI_JSON_AUGMENT_H_
#define KASOCKI_JSON_AUGMENT_H_

#include <string>
#include <string_view>
#include <vector>

#include "json/scanner.h"
#include "record/record.h"

namespace kasocki {

// How a message carries its metadata.
struct MetadataStyle {
  std::string field = "_kafka";  // name of the member; empty: none
  bool join = false;             // the fields join an existing object of that name (the first version's `meta`)
  auto operator<=>(const MetadataStyle&) const = default;
};

// Appends `{"topic":...,"partition":...,"offset":...,"timestamp":...,"key":...,"headers":{...},"base64":[...]}`:
// headers only if there are any, base64 (the names, `key` and `headers.x`, of what stands as base64 text because it is
// not UTF-8) only if not empty. A header name that repeats has an array of its values; if one of them is not UTF-8 all
// of them are base64, so that the mark says how to read each. A null header value is null, an absent timestamp or key
// is null. What is not UTF-8 in a header's name becomes U+FFFD.
void AppendMetadata(std::string_view topic, int32_t partition, const RecordView& record, std::string* out);

// Appends the object `text` with the metadata spliced in as its last member, replacing members of that name. With
// `style.join`, if the last member of that name is an object: into that, replacing fields of the same names. `members`
// are the scanner's spans for `style.field`, `metadata` is what AppendMetadata gave. An array (verdict kArray) or an
// empty field: `text` as it is. Everything else of the text stays as it is, white space included.
void AppendAugmented(std::string_view text, JsonVerdict verdict, const std::vector<MemberSpan>& members,
                     const MetadataStyle& style, std::string_view metadata, std::string* out);

}  // namespace kasocki

#endif  // KASOCKI_JSON_AUGMENT_H_
