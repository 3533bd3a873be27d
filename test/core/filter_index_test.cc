// Many filters together: what they find as classes come and go, and what the parts of the index are built on.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/id_table.h"
#include "common/siphash.h"
#include "engine/evaluator.h"
#include "filter/pattern_groups.h"
#include "filter/regex.h"

namespace kasocki {
namespace {

TEST(SipHash, GivesThePublishedValues) {
  // The first of the test vectors of SipHash-2-4 in the paper's reference code: key 00 01 02 ..., text 00 01 02 ...
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  const std::string text("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16", 15);
  EXPECT_EQ((SipHash<2, 4>(key, "")), 0x726fdb47dd0e0e31u);
  EXPECT_EQ((SipHash<2, 4>(key, text.substr(0, 1))), 0x74f839c593dc67fdu);
  EXPECT_EQ((SipHash<2, 4>(key, text.substr(0, 8))), 0x93f5f5799a932462u);
  EXPECT_EQ((SipHash<2, 4>(key, text)), 0xa129ca6149be45e5u);
}

TEST(IdTable, FindsWhatWasAdded) {
  IdTable table;
  const auto hash = [](uint32_t key) { return UniversalHash(key, 0x9E3779B97F4A7C15); };
  for (uint32_t id = 0; id < 10000; ++id) {
    EXPECT_EQ(table.Find(hash(id), [&](uint32_t other) { return other == id; }), IdTable::kNone);
    table.Add(hash(id), id);
  }
  for (uint32_t id = 0; id < 10000; ++id) {
    EXPECT_EQ(table.Find(hash(id), [&](uint32_t other) { return other == id; }), id);
  }
  EXPECT_EQ(table.Find(hash(10000), [](uint32_t other) { return other == 10000; }), IdTable::kNone);
}

std::vector<std::string> LiteralsOf(const std::string& pattern) {
  return Regex::Compile(pattern, RegexLimits{}).value()->literals();
}

TEST(Literals, AreWhatAMatchMustContain) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(LiteralsOf("fish"), Texts({"fish"}));
  EXPECT_EQ(LiteralsOf("^FISH$"), Texts({"fish"}));
  EXPECT_EQ(LiteralsOf("(?i)fiz"), Texts({"fiz"}));
  EXPECT_EQ(LiteralsOf("(?i)k\\d"), Texts({"k", "\u212a"}));
  EXPECT_EQ(LiteralsOf("(?i)\u00e9t"), Texts({"\u00c9t", "\u00e9t"}));
  EXPECT_EQ(LiteralsOf("gr(e|a)y"), Texts({"gray", "grey"}));
  EXPECT_EQ(LiteralsOf("gr[ae]y"), Texts({"gray", "grey"}));
  EXPECT_EQ(LiteralsOf("colou?r"), Texts({"color", "colour"}));
  EXPECT_EQ(LiteralsOf("\\d+ (cat|dog)s"), Texts({" cats", " dogs"}));
  EXPECT_EQ(LiteralsOf("ab.*longer"), Texts({"longer"}));
  EXPECT_EQ(LiteralsOf("(abcd)+x"), Texts({"abcd"}));
  EXPECT_EQ(LiteralsOf("(abcd.)?wxyz"), Texts({"wxyz"}));
  EXPECT_EQ(LiteralsOf("(ab.c|de)f"), Texts({"ab", "de"}));
  EXPECT_EQ(LiteralsOf("a*"), Texts());
  EXPECT_EQ(LiteralsOf("a|"), Texts());
  EXPECT_EQ(LiteralsOf("abc|\\d"), Texts());
  EXPECT_EQ(LiteralsOf("[a-z]+"), Texts());
  EXPECT_EQ(LiteralsOf("[^a]"), Texts());
  EXPECT_EQ(LiteralsOf("[]"), Texts());
  EXPECT_EQ(LiteralsOf(""), Texts());
  EXPECT_EQ(LiteralsOf("\\ud800"), Texts());
}

// Each makes a text's patterns found together and one by one.
class Groups : public testing::Test {
 protected:
  explicit Groups(PatternGroups::Clock clock = nullptr) {
    groups_ = clock != nullptr ? std::make_unique<PatternGroups>(clock) : std::make_unique<PatternGroups>();
  }

  void Add(const std::string& pattern) {
    regexes_.push_back(std::move(Regex::Compile(pattern, RegexLimits{}).value()));
    const auto slot = static_cast<uint32_t>(regexes_.size() - 1);
    groups_->Add(regexes_.back().get(), slot);
    candidates_.SetWanted(slot, true);
  }

  // What is found must be all that matches, and what is proven must match. Returns how many were proven.
  size_t Find(const std::string& text) {
    candidates_.Clear();
    groups_->Find(text, &candidates_);
    std::vector<bool> found(regexes_.size());
    size_t proven = 0;
    for (const auto& candidate : candidates_.found()) {
      found[candidate.slot] = true;
      proven += candidate.proven;
      EXPECT_TRUE(!candidate.proven || regexes_[candidate.slot]->Search(text)) << candidate.slot << " in " << text;
    }
    for (size_t slot = 0; slot < regexes_.size(); ++slot) {
      EXPECT_TRUE(found[slot] || !regexes_[slot]->Search(text)) << slot << " in " << text;
    }
    return proven;
  }

  std::vector<std::unique_ptr<Regex>> regexes_;
  Candidates candidates_;
  std::unique_ptr<PatternGroups> groups_;
};

std::string ClassPattern(int i) {
  return "^[a-" + std::string(1, static_cast<char>('b' + i % 20)) + "]+[0-9]{" + std::to_string(i % 7) + "}[x-z]?" +
         (i % 3 == 0 ? "$" : "");
}

TEST_F(Groups, GrowAndFindTheSame) {
  std::mt19937 random(20160511);
  int made = 0;
  size_t proven = 0;
  for (int i = 0; i < 700; ++i) {
    Add(ClassPattern(i));
    if (i % 5 == 0) made += groups_->MakeGroup();
    std::string text(random() % 4, static_cast<char>('a' + random() % 26));
    text += std::to_string(random() % 1000) + (random() % 2 == 0 ? "x" : "");
    proven += Find(text);
  }
  while (groups_->MakeGroup()) ++made;
  // 21 of those that waited, and some of two others.
  EXPECT_GT(made, 25);
  EXPECT_GT(proven, 1000u);
  // All but those who still wait are in groups: who is found is proven.
  for (const std::string& text : {std::string("abc123x"), std::string(1000, 'a')}) {
    const size_t found_and_proven = Find(text);
    EXPECT_LE(candidates_.found().size(), found_and_proven + 32);
  }
  // A text too long for a group is left to each pattern.
  EXPECT_EQ(Find(std::string(1 << 24, 'a')), 0u);
}

// Lets every search that is timed take long the first time, which is the group's, and short the second.
uint64_t SlowGroups() {
  static int calls = 0;
  static uint64_t now = 0;
  return now += ++calls % 4 == 2 ? 1000000 : 1;
}

class SlowGroupsTest : public Groups {
 protected:
  SlowGroupsTest() : Groups(SlowGroups) {}
};

TEST_F(SlowGroupsTest, AreBrokenUp) {
  for (int i = 0; i < 128; ++i) Add(ClassPattern(i));
  int made = 0;
  while (groups_->MakeGroup()) ++made;
  EXPECT_EQ(made, 4 + 2 + 1);
  EXPECT_GT(Find("abc12x"), 0u);
  int searches = 0;
  for (; searches < 100000 && Find("abc12x") > 0; ++searches) continue;
  EXPECT_EQ(candidates_.found().size(), 128u) << "the large group is gone: all are tried";
  made = 0;
  while (groups_->MakeGroup()) ++made;
  EXPECT_EQ(made, 4) << "small ones that do not grow again";
  EXPECT_GT(Find("abc12x"), 0u);
  for (; searches < 100000 && Find("abc12x") > 0; ++searches) continue;
  EXPECT_LT(searches, 100000);
  EXPECT_FALSE(groups_->MakeGroup()) << "now each is alone";
}

// Filters and records of a few values each, so that they meet.
std::string RandomFilter(std::mt19937* random) {
  static constexpr const char* kConditions[] = {
      "\"user\":\"u%\"",           "\"n\":%",           "\"flag\":true",         "\"flag\":null",
      "\"user\":[\"u%\",\"u1%\"]", "\"tags\":[\"t%\"]", "\"title\":\"/word%/\"", "\"title\":\"/(?i)WORD%.*[0-9]$/\"",
      "\"title\":\"/^[a-z]+%?/\"", "\"tags\":[]",       "\"_kafka.offset\":%",   "\"a.b.%\":1"};
  std::string filter = "{";
  for (size_t i = 1 + (*random)() % 3; i > 0; --i) {
    std::string condition = kConditions[(*random)() % std::size(kConditions)];
    for (size_t at; (at = condition.find('%')) != std::string::npos;) {
      condition.replace(at, 1, std::to_string((*random)() % 10));
    }
    filter += condition + (i > 1 ? "," : "}");
  }
  return filter;
}

std::string RandomRecord(std::mt19937* random) {
  const auto digit = [random] { return std::to_string((*random)() % 10); };
  static constexpr const char* kFlags[] = {"true", "false", "null", "1"};
  std::string tags = (*random)() % 2 == 0 ? "[]" : "[\"t" + digit() + "\",\"t" + digit() + "\"]";
  if ((*random)() % 8 == 0) tags = "\"t" + digit() + "\"";
  return "{\"user\":\"u" + digit() + "\",\"n\":" + digit() + ",\"flag\":" + kFlags[(*random)() % 4] +
         ",\"tags\":" + tags + ",\"title\":\"Word word" + digit() + " and " + digit() + "\",\"a\":{\"b\":[1,2,1,2]}}";
}

class Churn : public testing::Test {
 protected:
  using Classes = std::vector<std::shared_ptr<const FilterClass>>;

  Churn() {
    for (int i = 0; i < 40; ++i) {
      const std::string text = RandomRecord(&random_);
      RecordView record;
      record.offset = i;
      record.value = text;
      records_.Append(record);
    }
    records_.Seal();
  }

  std::shared_ptr<const FilterClass> NewClass() {
    MetadataStyle style;
    if (random_() % 4 == 0) style.field = "meta";
    const std::string name_space = random_() % 3 == 0 ? "/other" : "/";
    std::shared_ptr<const Filter> filter;
    if (random_() % 20 != 0) filter = Filter::Compile(RandomFilter(&random_), FilterLimits{}).value();
    return registry_.Class(std::move(filter), 0, 0, registry_.Format(name_space, style, 1024));
  }

  std::vector<std::shared_ptr<const Matches>> Evaluate(Evaluator* evaluator, const Classes& classes) {
    return evaluator->Evaluate(records_, {"topic", 0}, classes, [](int64_t, const std::string&) {});
  }

  static std::vector<std::string> FramesOf(const Matches& matches) {
    std::vector<std::string> frames;
    for (const Matches::Match& match : matches.matches) frames.emplace_back(matches.Frame(match));
    return frames;
  }

  // Evaluates them together, and each by itself.
  void Compare(const Classes& classes) {
    const auto together = Evaluate(&evaluator_, classes);
    ASSERT_EQ(together.size(), classes.size());
    Counters counters;
    Evaluator alone(&counters);
    for (size_t i = 0; i < classes.size(); ++i) {
      EXPECT_EQ(FramesOf(*together[i]), FramesOf(*Evaluate(&alone, {classes[i]})[0]));
      matched_ += together[i]->size();
    }
  }

  std::mt19937 random_{20160511};
  RecordChunk records_;
  Counters counters_;
  FilterClasses registry_;
  Evaluator evaluator_{&counters_};
  uint64_t matched_ = 0;
};

TEST_F(Churn, FindsTheSameWhoeverElseIsThere) {
  Classes present;
  for (int turn = 0; turn < 150; ++turn) {
    for (size_t n = random_() % 8; n > 0; --n) {
      auto filter_class = NewClass();
      if (std::find(present.begin(), present.end(), filter_class) == present.end()) present.push_back(filter_class);
    }
    if (random_() % 10 == 0) std::shuffle(present.begin(), present.end(), random_);
    while (!present.empty() && random_() % 3 != 0) {
      present.erase(present.begin() + static_cast<ptrdiff_t>(random_() % present.size()));
    }
    if (random_() % 15 == 0) present.resize(present.size() / 4);
    if (random_() % 4 == 0) evaluator_.Tidy();
    Classes some;
    for (const auto& filter_class : present) {
      if (random_() % 2 == 0) some.push_back(filter_class);
    }
    Compare(present);
    Compare(some);
  }
  EXPECT_GT(matched_, 10000u);
}

TEST_F(Churn, ClassesThatCameOneByOneAreFiledOnce) {
  Classes present;
  while (present.size() < 300) {
    auto filter_class = NewClass();
    if (std::find(present.begin(), present.end(), filter_class) == present.end()) present.push_back(filter_class);
    Evaluate(&evaluator_, present);
  }
  Compare(present);
  // Nobody is in them any more: nothing of them is kept.
  std::vector<std::weak_ptr<const Filter>> filters;
  for (const auto& filter_class : present) {
    if (filter_class->filter) filters.push_back(filter_class->filter);
  }
  present.clear();
  evaluator_.Tidy();
  for (const auto& filter : filters) EXPECT_TRUE(filter.expired());
}

}  // namespace
}  // namespace kasocki
