// The look at a record's bytes before it is scanned: what it refuses, and that it refuses nothing that matches.
#include "filter/raw_filter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "common/padding.h"
#include "engine/evaluator.h"
#include "filter/filter_run.h"
#include "json/scanner.h"

namespace kasocki {
namespace {

std::shared_ptr<const Filter> Compile(const std::string& json) { return Filter::Compile(json, FilterLimits{}).value(); }

bool MayMatch(const std::vector<std::string>& filters, std::string text) {
  std::vector<std::shared_ptr<const Filter>> compiled;
  for (const std::string& filter : filters) compiled.push_back(Compile(filter));
  RawFilter raw(compiled);
  if (!raw.Begin()) return true;
  const size_t length = text.size();
  text.append(kPadding, '\0');
  return raw.MayMatch(std::string_view(text).substr(0, length));
}

TEST(RawFilter, RefusesWhereNoMemberMayHaveTheValue) {
  EXPECT_FALSE(MayMatch({R"({"n":1})"}, R"({"m":1})"));
  EXPECT_FALSE(MayMatch({R"({"n":1})"}, R"({"n":2})"));
  EXPECT_FALSE(MayMatch({R"({"n":1})"}, R"({"n":{"m":1}})"));
  EXPECT_FALSE(MayMatch({R"({"n":1})"}, R"({"n":"1"})"));
  EXPECT_FALSE(MayMatch({R"({"n":1})"}, R"({"text":"n","nn":1})"));
  EXPECT_FALSE(MayMatch({R"({"n":1})"}, "{}"));
  EXPECT_FALSE(MayMatch({R"({"n":"ab"})"}, R"({"n":"abc"})"));
  EXPECT_FALSE(MayMatch({R"({"n":"ab"})"}, R"({"n" : "a"})"));
  EXPECT_FALSE(MayMatch({R"({"n":true})"}, R"({"n":false})"));
  EXPECT_FALSE(MayMatch({R"({"n":null})"}, R"({"n":0})"));
  EXPECT_FALSE(MayMatch({R"({"n":[1,"a"]})"}, R"({"n":"b"})"));
  EXPECT_FALSE(MayMatch({R"({"n":"/^a/"})"}, R"({"m":"a"})"));
  EXPECT_FALSE(MayMatch({R"({"n":1,"m":2})"}, R"({"n":1,"m":1})"));
  EXPECT_FALSE(MayMatch({R"({"n":1})", R"({"m":2})"}, R"({"n":2,"m":1})"));
  EXPECT_FALSE(MayMatch({R"({"n":1})"}, R"({"text":"a\nb","n":2})"));
}

TEST(RawFilter, LetsThroughWhatMayMatch) {
  EXPECT_TRUE(MayMatch({R"({"n":1})"}, R"({"n":1})"));
  EXPECT_TRUE(MayMatch({R"({"n":1})"}, R"({"n":10e-1})"));
  EXPECT_TRUE(MayMatch({R"({"n":1})"}, "{\"n\" \n : \t 1.0}"));
  EXPECT_TRUE(MayMatch({R"({"n":1})"}, R"({"n":2,"n":1})"));
  EXPECT_TRUE(MayMatch({R"({"a.n":1})"}, R"({"n":2,"a":{"n":1}})"));
  EXPECT_TRUE(MayMatch({R"({"n":"ab"})"}, R"({"n":"ab"})"));
  EXPECT_TRUE(MayMatch({R"({"n":"a/b"})"}, R"({"n":"a\/b"})"));
  EXPECT_TRUE(MayMatch({R"({"n":[1,2]})"}, R"({"n":[2,1]})"));
  EXPECT_TRUE(MayMatch({R"({"n":"/^a/"})"}, R"({"n":"ba"})"));
  EXPECT_TRUE(MayMatch({R"({"n":1})", R"({"m":2})"}, R"({"m":2})"));
  EXPECT_TRUE(MayMatch({R"({"name":1})"}, R"({"n\u0061me":1})"));
  EXPECT_TRUE(MayMatch({R"({"n":"a"})"}, R"({"n":"\u0061"})"));
  EXPECT_TRUE(MayMatch({R"({"n":1})"}, R"({"t":"x\\","n":1})"));
}

TEST(RawFilter, LetsThroughWhatIsPlainlyNoMessage) {
  for (const std::string text :
       {"", " ", "no JSON", "{", "}", "{\"m\":1", "[{\"m\":1}", "1", "null", "\"{}\"", "{\"m\":1}]"}) {
    EXPECT_TRUE(MayMatch({R"({"n":1})"}, text)) << text;
  }
  EXPECT_FALSE(MayMatch({R"({"n":1})"}, " [{\"m\":1}] \n"));
}

TEST(RawFilter, HasNothingToSayOfSomeFilters) {
  EXPECT_TRUE(MayMatch({R"({"a/b":1})"}, "{}")) << "the name may be written with an escape";
  EXPECT_TRUE(MayMatch({R"({"tags.0":1})"}, "{}")) << "an array's index stands nowhere";
  EXPECT_TRUE(MayMatch({"{}"}, "{}"));
  EXPECT_TRUE(MayMatch({R"({"n":"/^a/"})"}, R"({"n":"ba"})")) << "patterns may take long";
  EXPECT_TRUE(MayMatch({R"({"n":1})", "{}"}, "{}"));
  EXPECT_FALSE(RawFilter().Begin());
  EXPECT_FALSE(RawFilter({nullptr}).Begin());
  EXPECT_FALSE(RawFilter(std::vector(5, Compile(R"({"n":1})"))).Begin()) << "too many";
}

TEST(RawFilter, FindsANameWhereverItStands) {
  for (const std::string name : {"n", "name", "a name that is longer than one block of what is compared at a time"}) {
    for (size_t before = 0; before < 100; ++before) {
      const std::string member = '"' + name + "\":1}";
      EXPECT_TRUE(MayMatch({"{\"" + name + "\":1}"}, "{" + std::string(before, ' ') + member)) << name << before;
      EXPECT_FALSE(MayMatch({"{\"" + name + "\":2}"}, "{" + std::string(before, ' ') + member)) << name << before;
    }
  }
}

TEST(RawFilter, RestsWhereItRefusesLittle) {
  RawFilter raw({Compile(R"({"n":1})")});
  const auto ask = [&](const char* text) {
    std::string padded(text);
    padded.append(kPadding, '\0');
    raw.MayMatch(std::string_view(padded).substr(0, padded.size() - kPadding));
  };
  ASSERT_TRUE(raw.Begin());
  ask(R"({"n":2})");
  ask(R"({"n":1})");
  ASSERT_TRUE(raw.Begin()) << "half of them were refused";
  ask(R"({"n":1})");
  int rest = 0;
  while (!raw.Begin()) ++rest;
  EXPECT_GT(rest, 0);
  ask(R"({"n":2})");
  EXPECT_TRUE(raw.Begin());
}

// On random filters and texts, hostile ones among them.
TEST(RawFilter, RefusesNothingThatMatches) {
  std::mt19937 random(11);
  const auto one_of = [&random](const std::vector<std::string>& texts) { return texts[random() % texts.size()]; };
  const std::vector<std::string> names = {"n", "ab", "0", "a/b", "q\\\"", "\u00e9"};
  const std::vector<std::string> spellings = {"n",       "ab",    "0",        "a/b",     "q\\\"", "\u00e9",
                                              "\\u006e", "a\\/b", "\\u0061b", "\\u00e9", "\\n",   "a\\\\"};
  const std::vector<std::string> wanted = {"1",         "\"x\"", "\"n\"",   "true",     "null",
                                           "[1,\"x\"]", "[]",    "\"/x/\"", "\"/^1/\"", "\"a\\\"\""};
  const std::vector<std::string> scalars = {"1",    "1.0",   "10e-1", "2",      "\"x\"",     "\"n\"",     "\"\\u0078\"",
                                            "true", "false", "null",  "\"ab\"", "\"\\\"n\"", "\"n\\\"\"", "\"a\\\"\""};
  const std::vector<std::string> space = {"", "", " ", "\n\t"};
  std::function<std::string(int)> value = [&](int depth) -> std::string {
    const unsigned kind = random() % 4;
    if (depth == 0 || kind < 2) return one_of(scalars);
    std::string text = kind == 2 ? "[" : "{";
    for (unsigned i = random() % 4; i > 0; --i) {
      if (kind == 3) text += '"' + one_of(spellings) + '"' + one_of(space) + ':' + one_of(space);
      text += value(depth - 1) + one_of(space);
      if (i > 1) text += ',';
    }
    return text + (kind == 2 ? "]" : "}");
  };
  JsonScanner scanner;
  FilterRun run;
  int matched = 0, refused = 0;
  for (int i = 0; i < 30000; ++i) {
    std::string path = one_of(names);
    if (random() % 2 == 0) path += '.' + one_of(names);
    const std::shared_ptr<const Filter> filter = Compile("{\"" + path + "\":" + one_of(wanted) + "}");
    PathSet paths;
    std::vector<size_t> ids;
    for (const JsonPath& wanted_path : filter->paths()) ids.push_back(paths.Add(wanted_path));
    RawFilter raw({filter});
    for (int k = 0; k < 4; ++k) {
      std::string text =
          "{\"" + one_of(spellings) + "\":" + value(3) + ",\"" + one_of(spellings) + "\":" + value(2) + "}";
      const size_t length = text.size();
      text.append(kPadding, '\0');
      const std::string_view view = std::string_view(text).substr(0, length);
      ASSERT_NE(scanner.Scan(view, &paths), JsonVerdict::kInvalid) << view;
      const bool matches = filter->Matches(scanner, scanner.values(), ids, &run);
      const bool may = !raw.Begin() || raw.MayMatch(view);
      ASSERT_TRUE(may || !matches) << filter->canonical() << ' ' << view;
      matched += matches;
      refused += !may;
    }
  }
  EXPECT_GT(matched, 100);
  EXPECT_GT(refused, 1000);
}

TEST(RawFilter, WhatItRefusesIsNotParsed) {
  Counters counters;
  Evaluator evaluator(&counters);
  FilterClasses classes;
  RecordChunk records;
  const std::vector<std::string> values = {R"({"n":2})", R"({"n":1})", R"({"m":1})", "{\"broken}", R"({"n":1)"};
  for (size_t i = 0; i < values.size(); ++i) {
    RecordView record;
    record.offset = static_cast<int64_t>(i);
    record.value = values[i];
    records.Append(record);
  }
  records.Seal();
  std::vector<int64_t> skipped;
  const auto evaluate = [&](const std::vector<std::shared_ptr<const Filter>>& filters) {
    skipped.clear();
    std::vector<std::shared_ptr<const FilterClass>> wanted;
    for (const auto& filter : filters) {
      wanted.push_back(classes.Class(filter, 0, 0, classes.Format("/", MetadataStyle{}, 1024)));
    }
    return evaluator.Evaluate(records, {"topic", 0}, wanted,
                              [&](int64_t offset, const std::string&) { skipped.push_back(offset); });
  };
  auto results = evaluate({Compile(R"({"n":1})")});
  ASSERT_EQ(results[0]->size(), 1u);
  EXPECT_EQ(results[0]->matches[0].offset, 1);
  EXPECT_EQ(counters.records_parsed, 2u);
  EXPECT_EQ(counters.filter_evaluations, 4u) << "a verdict on each record that is not invalid, as far as is known";
  EXPECT_EQ(skipped, std::vector<int64_t>({4}));

  results = evaluate({Compile(R"({"n":1})"), nullptr});
  EXPECT_EQ(results[0]->size(), 1u);
  EXPECT_EQ(results[1]->size(), 3u);
  EXPECT_EQ(skipped, std::vector<int64_t>({3, 4})) << "somebody wants all of them";

  results = evaluate({Compile(R"({"n":2,"_kafka.offset":0})")});
  EXPECT_EQ(results[0]->size(), 1u) << "metadata does not stand in the record";
}

}  // namespace
}  // namespace kasocki
