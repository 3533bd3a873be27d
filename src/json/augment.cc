// Metadata is spliced in as text: the record's own bytes are copied around it and never parsed a second time. Only
// `join` looks into a text again, into the one object that it extends, which the scanner has validated.

#include "json/augment.h"

#include <algorithm>
#include <charconv>

#include "json/fault.h"
#include "json/token.h"

namespace kasocki {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

struct Span {
  size_t begin;
  size_t end;
};

// Appends the object `text` without the members at `cut` (in order), up to where its members end, and the comma for one
// more member. Returns where the rest of the text begins that belongs behind it.
size_t AppendMembers(std::string_view text, const std::vector<Span>& cut, std::string* out) {
  const size_t closer = text.find_last_not_of(kSpace);
  const size_t members_end = text.find_last_not_of(kSpace, closer - 1) + 1;
  size_t done = 0;
  for (const Span& span : cut) {
    out->append(text, done, span.begin - done);
    done = span.end;
    // The comma behind a member goes with it. The last member has none; the comma before it stays, for what is added.
    const size_t next = text.find_first_not_of(kSpace, span.end);
    if (text[next] == ',') done = next + 1;
  }
  if (done < members_end) out->append(text, done, members_end - done);
  const char last = (*out)[out->find_last_not_of(kSpace)];
  if (last != '{' && last != ',') out->push_back(',');
  return members_end;
}

// ---- The members of a valid object's text

size_t SkipString(std::string_view text, size_t quote) {
  for (size_t i = quote + 1;; ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
}

// Behind the value at i.
size_t SkipValue(std::string_view text, size_t i) {
  size_t depth = 0;
  do {
    switch (text[i]) {
      case '"':
        i = SkipString(text, i);
        break;
      case '{':
      case '[':
        ++depth;
        ++i;
        break;
      case '}':
      case ']':
        --depth;
        ++i;
        break;
      default:
        i = depth > 0 ? i + 1 : text.find_first_of(",}] \t\r\n", i);
    }
  } while (depth > 0);
  return i;
}

// Calls visit(name, span) for each member; names are unescaped.
template <typename Visit>
void ForEachMember(std::string_view object, Visit visit) {
  std::string name;
  size_t i = object.find_first_not_of(kSpace, object.find('{') + 1);
  while (object[i] != '}') {
    const size_t begin = i;
    i = SkipString(object, i);
    name.clear();
    UnescapeJsonString(object.substr(begin + 1, i - begin - 2), &name);
    i = object.find_first_not_of(kSpace, object.find(':', i) + 1);
    i = SkipValue(object, i);
    visit(name, Span{begin, i});
    i = object.find_first_not_of(kSpace, i);
    if (object[i] == ',') i = object.find_first_not_of(kSpace, i + 1);
  }
}

void AppendJoined(std::string_view object, std::string_view metadata, std::string* out) {
  std::vector<std::string> fields;
  ForEachMember(metadata, [&](const std::string& name, Span) { fields.push_back(name); });
  std::vector<Span> cut;
  ForEachMember(object, [&](const std::string& name, Span span) {
    if (std::find(fields.begin(), fields.end(), name) != fields.end()) cut.push_back(span);
  });
  const size_t rest = AppendMembers(object, cut, out);
  out->append(metadata.substr(1, metadata.size() - 2));
  out->append(object, rest, std::string_view::npos);
}

// ---- Metadata

void AppendNumber(int64_t number, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out->append(digits, end);
}

void AppendBase64(std::string_view bytes, std::string* out) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out->push_back(k <= count ? kAlphabet[group >> (18 - 6 * k) & 63] : '=');
  }
}

// Any bytes as UTF-8: what is none becomes U+FFFD, a byte each.
std::string Readable(std::string_view bytes) {
  if (IsValidUtf8(bytes)) return std::string(bytes);
  std::string text;
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = Utf8SequenceLength(bytes, i);
    if (length == 0) {
      text.append("\xEF\xBF\xBD");
    } else {
      text.append(bytes, i, length);
    }
    i += std::max<size_t>(length, 1);
  }
  return text;
}

void AppendBytes(std::string_view bytes, bool base64, std::string* out) {
  if (!base64) return AppendJsonString(bytes, out);
  out->push_back('"');
  AppendBase64(bytes, out);
  out->push_back('"');
}

// Names of what became base64 text, as the items of a JSON array.
class Base64Names {
 public:
  void Add(std::string_view name) {
    if (!items_.empty()) items_.push_back(',');
    AppendJsonString(name, &items_);
  }
  const std::string& items() const { return items_; }

 private:
  std::string items_;
};

// All values of one name.
struct HeaderGroup {
  std::string name;
  std::vector<size_t> values;  // places in the record's headers
};

// In order of each name's first header. By sorting, so that thousands of headers cost no more than their share.
std::vector<HeaderGroup> GroupHeaders(const std::vector<HeaderView>& headers) {
  std::vector<std::pair<std::string, size_t>> order;
  order.reserve(headers.size());
  for (size_t i = 0; i < headers.size(); ++i) order.emplace_back(Readable(headers[i].first), i);
  std::sort(order.begin(), order.end());
  std::vector<HeaderGroup> groups;
  for (auto& [name, place] : order) {
    if (groups.empty() || groups.back().name != name) groups.push_back({std::move(name), {}});
    groups.back().values.push_back(place);
  }
  std::sort(groups.begin(), groups.end(),
            [](const HeaderGroup& a, const HeaderGroup& b) { return a.values[0] < b.values[0]; });
  return groups;
}

void AppendHeaders(const std::vector<HeaderView>& headers, Base64Names* base64_names, std::string* out) {
  char separator = '{';
  for (const HeaderGroup& group : GroupHeaders(headers)) {
    out->push_back(separator);
    separator = ',';
    AppendJsonString(group.name, out);
    out->push_back(':');
    const bool base64 = !std::all_of(group.values.begin(), group.values.end(),
                                     [&](size_t i) { return !headers[i].second || IsValidUtf8(*headers[i].second); });
    if (base64) base64_names->Add("headers." + group.name);
    const bool several = group.values.size() > 1;
    if (several) out->push_back('[');
    for (size_t k = 0; k < group.values.size(); ++k) {
      if (k > 0) out->push_back(',');
      const auto& value = headers[group.values[k]].second;
      if (value) {
        AppendBytes(*value, base64, out);
      } else {
        out->append("null");
      }
    }
    if (several) out->push_back(']');
  }
  out->push_back('}');
}

}  // namespace

void AppendMetadata(std::string_view topic, int32_t partition, const RecordView& record, std::string* out) {
  Base64Names base64_names;
  out->append("{\"topic\":");
  AppendJsonString(topic, out);
  out->append(",\"partition\":");
  AppendNumber(partition, out);
  out->append(",\"offset\":");
  AppendNumber(record.offset, out);
  out->append(",\"timestamp\":");
  if (record.timestamp < 0) {
    out->append("null");
  } else {
    AppendNumber(record.timestamp, out);
  }
  out->append(",\"key\":");
  if (record.key) {
    const bool base64 = !IsValidUtf8(*record.key);
    if (base64) base64_names.Add("key");
    AppendBytes(*record.key, base64, out);
  } else {
    out->append("null");
  }
  if (!record.headers.empty()) {
    out->append(",\"headers\":");
    AppendHeaders(record.headers, &base64_names, out);
  }
  if (!base64_names.items().empty()) out->append(",\"base64\":[").append(base64_names.items()).push_back(']');
  out->push_back('}');
}

void AppendAugmented(std::string_view text, JsonVerdict verdict, const std::vector<MemberSpan>& members,
                     const MetadataStyle& style, std::string_view metadata, std::string* out) {
  if (verdict != JsonVerdict::kObject || style.field.empty()) {
    out->append(text);
    return;
  }
  if (style.join && !members.empty() && members.back().value.kind == JsonKind::kObject) {
    const std::string_view object = members.back().value.text;
    const size_t begin = static_cast<size_t>(object.data() - text.data());
    out->append(text, 0, begin);
    AppendJoined(object, metadata, out);
    out->append(text, begin + object.size(), std::string_view::npos);
    return;
  }
  std::vector<Span> cut;
  for (const MemberSpan& member : members) cut.push_back({member.begin, member.end});
  const size_t rest = AppendMembers(text, cut, out);
  AppendJsonString(style.field, out);
  out->push_back(':');
  out->append(metadata);
  out->append(text, rest, std::string_view::npos);
}

}  // namespace kasocki
