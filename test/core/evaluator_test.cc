// The evaluator with what a server enforces: guards and cut fields, beside classes that know nothing of them.
#include "engine/evaluator.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kasocki {
namespace {

const TopicPartition kPartition{"topic", 0};

std::shared_ptr<const Filter> Compile(const std::string& filter) {
  return filter.empty() ? nullptr : Filter::Compile(filter, FilterLimits{}).value();
}

std::shared_ptr<const FieldMask> Drop(const std::vector<JsonPath>& paths) {
  return std::make_shared<const FieldMask>(FieldMask::Mode::kDrop, paths);
}

class EvaluatorTest : public ::testing::Test {
 protected:
  EvaluatorTest() : evaluator_(&counters_) {}

  void Append(const std::string& value, const std::string& key) {
    RecordView view;
    view.offset = next_offset_++;
    view.timestamp = 1000;
    view.key = key;
    view.value = value;
    records_.Append(view);
  }

  struct Wanted {
    std::string filter{};
    std::string guard{};
    std::shared_ptr<const FieldMask> fields{};
    bool metadata = true;
    FunctionId matcher = 0;
    FunctionId decoder = 0;
  };
  std::shared_ptr<const FilterClass> ClassOf(const Wanted& wanted) {
    MetadataStyle style;
    if (!wanted.metadata) style.field.clear();
    return classes_.Class(Compile(wanted.filter), wanted.matcher, wanted.decoder,
                          classes_.Format("/", style, 1024, wanted.fields), Compile(wanted.guard));
  }

  // The payloads that each class gets.
  std::vector<std::vector<std::string>> Evaluate(const std::vector<Wanted>& wanted) {
    if (!sealed_) records_.Seal();
    sealed_ = true;
    std::vector<std::shared_ptr<const FilterClass>> classes;
    for (const Wanted& each : wanted) classes.push_back(ClassOf(each));
    std::vector<std::vector<std::string>> payloads;
    skipped_.clear();
    for (const auto& matches : evaluator_.Evaluate(records_, kPartition, classes, Skipped())) {
      payloads.push_back(PayloadsOf(*matches));
    }
    return payloads;
  }

  SkipReport Skipped() {
    return [this](int64_t offset, const std::string&) { skipped_.push_back(offset); };
  }

  static std::vector<std::string> PayloadsOf(const Matches& matches) {
    std::vector<std::string> payloads;
    for (const Matches::Match& match : matches.matches) payloads.emplace_back(matches.Payload(match));
    return payloads;
  }

  Counters counters_;
  FilterClasses classes_;
  Evaluator evaluator_;
  RecordChunk records_;
  std::vector<int64_t> skipped_;
  int64_t next_offset_ = 0;
  bool sealed_ = false;
};

using Payloads = std::vector<std::string>;

TEST_F(EvaluatorTest, GuardsSeeTheWholeMessageAndFiltersWhatIsLeftOfIt) {
  Append(R"({"a":1,"secret":"x","list":[{"secret":1}]})", "k0");
  Append(R"({"a":2,"secret":"y"})", "k1");
  Append("no JSON", "k2");
  Append(R"({"a":3,"secret":"x"})", "k3");
  const auto fields = Drop({{"secret"}, {"list", "secret"}});
  const auto results = Evaluate({
      {"", "", fields, false},
      {R"({"secret":"x"})", "", fields, false},
      {"", R"({"secret":"x"})", fields, false},
      {R"({"a":3})", R"({"secret":"x"})", fields, false},
      {R"({"a":3})", R"({"secret":"y"})", fields, false},
      {R"({"secret":"x"})", "", nullptr, false},
  });
  EXPECT_EQ(results[0], (Payloads{R"({"a":1,"list":[{}]})", R"({"a":2})", R"({"a":3})"}));
  EXPECT_EQ(results[1], Payloads{});
  EXPECT_EQ(results[2], (Payloads{R"({"a":1,"list":[{}]})", R"({"a":3})"}));
  EXPECT_EQ(results[3], Payloads{R"({"a":3})"});
  EXPECT_EQ(results[4], Payloads{});
  EXPECT_EQ(results[5], (Payloads{R"({"a":1,"secret":"x","list":[{"secret":1}]})", R"({"a":3,"secret":"x"})"}));
  EXPECT_EQ(skipped_, std::vector<int64_t>{2});
}

TEST_F(EvaluatorTest, GuardsAndFiltersOnMetadataWithCutFields) {
  Append(R"({"a":1,"secret":1,"_kafka":"own"})", "k0");
  Append(R"({"a":2,"secret":2})", "k1");
  const auto fields = Drop({{"secret"}});
  const auto results = Evaluate({
      {"", R"({"_kafka.key":"k0"})", fields},
      {R"({"_kafka.key":"k1"})", "", fields},
      {R"({"_kafka.key":"k1","secret":2})", "", fields},
      {R"({"_kafka.key":"k1"})", R"({"_kafka.offset":1,"secret":2})", fields},
  });
  const std::string second =
      R"({"a":2,"_kafka":{"topic":"topic","partition":0,"offset":1,"timestamp":1000,"key":"k1"}})";
  EXPECT_EQ(results[0],
            Payloads{R"({"a":1,"_kafka":{"topic":"topic","partition":0,"offset":0,"timestamp":1000,"key":"k0"}})"});
  EXPECT_EQ(results[1], Payloads{second});
  EXPECT_EQ(results[2], Payloads{});
  EXPECT_EQ(results[3], Payloads{second});
}

TEST_F(EvaluatorTest, WithoutCutFieldsAGuardIsPartOfTheFilter) {
  Append(R"({"a":1,"b":1})", "k0");
  Append(R"({"a":1,"b":2})", "k1");
  Append(R"({"a":2,"b":1})", "k2");
  const auto guarded = ClassOf({R"({"b":1})", R"({"a":1})"});
  EXPECT_EQ(guarded->guard, nullptr);
  EXPECT_EQ(guarded->id, ClassOf({R"({"b":1})", R"({"a":1})"})->id);
  EXPECT_NE(guarded->id, ClassOf({R"({"b":1})"})->id);
  EXPECT_EQ(ClassOf({"", R"({"a":1})"})->id, ClassOf({R"({"a":1})", R"({"a":1})"})->id);
  const auto results = Evaluate({
      {R"({"b":1})", R"({"a":1})", nullptr, false},
      {"", R"({"a":1})", nullptr, false},
      {R"({"a":2})", R"({"a":1})", nullptr, false},
      {R"({"b":"/1/"})", R"({"a":[1,2],"b":[1]})", nullptr, false},
      {R"({"_kafka.key":"k2"})", R"({"b":1})"},
  });
  EXPECT_EQ(results[0], Payloads{R"({"a":1,"b":1})"});
  EXPECT_EQ(results[1], (Payloads{R"({"a":1,"b":1})", R"({"a":1,"b":2})"}));
  EXPECT_EQ(results[2], Payloads{});
  EXPECT_EQ(results[3], (Payloads{R"({"a":1,"b":1})", R"({"a":2,"b":1})"}));
  EXPECT_EQ(results[4].size(), 1u);
}

TEST_F(EvaluatorTest, EqualFieldsAreOneFormatAndEncodedOnce) {
  for (int i = 0; i < 10; ++i) Append(R"({"a":1,"b":2})", "k");
  const auto results = Evaluate({
      {"", "", Drop({{"a"}, {"c"}})},
      {R"({"b":2})", "", Drop({{"c"}, {"a"}, {"a"}})},
      {R"({"b":2})", R"({"a":1})", Drop({{"a"}, {"c"}})},
      {"", "", Drop({{"b"}})},
      {"", ""},
  });
  for (const Payloads& payloads : results) EXPECT_EQ(payloads.size(), 10u);
  EXPECT_EQ(counters_.records_encoded, 30u);
}

TEST_F(EvaluatorTest, TextsForJavaScriptHoldNoMoreThanMayBeSeen) {
  Append(R"({"a":1,"secret":"x"})", "k0");
  Append(R"({"a":2,"secret":"y"})", "k1");
  Append(R"({"a":3,"secret":"x"})", "k2");
  records_.Seal();
  const auto fields = Drop({{"secret"}});
  auto filter_class = ClassOf({"", R"({"secret":"x"})", fields, false, 7});
  auto texts = evaluator_.Texts(records_, kPartition, *filter_class, Skipped());
  EXPECT_EQ(texts->texts, (Payloads{R"({"a":1})", R"({"a":3})"}));
  EXPECT_EQ(texts->offsets, (std::vector<int64_t>{0, 2}));
  filter_class = ClassOf({"", R"({"_kafka.key":"k1"})", nullptr, true, 7});
  EXPECT_EQ(evaluator_.Texts(records_, kPartition, *filter_class, Skipped())->offsets, std::vector<int64_t>{1});

  auto decoded = std::make_shared<MessageTexts>();
  decoded->offsets = {5, 6, 7, 8};
  decoded->texts = {R"({"secret":"x","b":1})", R"({"secret":"y"})", R"("x")", R"({"secret":"x"})"};
  filter_class = ClassOf({"", R"({"secret":"x"})", fields, false, 0, 9});
  const auto permitted = evaluator_.Permitted(decoded, *filter_class);
  EXPECT_EQ(permitted->texts, (Payloads{R"({"b":1})", "{}"}));
  EXPECT_EQ(permitted->offsets, (std::vector<int64_t>{5, 8}));
  // What is neither object nor array has no fields; where nothing is cut it goes as it is.
  EXPECT_EQ(evaluator_.Permitted(decoded, *ClassOf({"", "", fields, false, 0, 9}))->offsets,
            (std::vector<int64_t>{5, 6, 8}));
  EXPECT_EQ(evaluator_.Permitted(decoded, *ClassOf({"", "", nullptr, false, 0, 9})), decoded);
}

}  // namespace
}  // namespace kasocki
