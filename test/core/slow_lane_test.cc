// The slow lane, and who is sent there.
#include "engine/slow_lane.h"

#include <gtest/gtest.h>

namespace kasocki {
namespace {

using std::chrono::milliseconds;

std::shared_ptr<RecordChunk> Chunk(size_t count, size_t list) {
  std::string tail = ",\"list\":[0";
  for (size_t i = 1; i < list; ++i) tail += "," + std::to_string(i);
  tail += "]}";
  auto chunk = std::make_shared<RecordChunk>();
  for (size_t i = 0; i < count; ++i) {
    const std::string value = i == 7 ? "not JSON" : "{\"n\":" + std::to_string(i) + tail;
    RecordView record;
    record.offset = static_cast<int64_t>(i);
    record.value = value;
    chunk->Append(record);
  }
  chunk->Seal();
  return chunk;
}

class SlowLaneTest : public testing::Test {
 protected:
  std::shared_ptr<const FilterClass> ClassOf(const std::string& filter, int64_t max_steps = 100000) {
    FilterLimits limits;
    limits.max_steps = max_steps;
    return classes_.Class(Filter::Compile(filter, limits).value(), 0, 0, classes_.Format("/", MetadataStyle{}, 1024));
  }

  std::shared_ptr<SlowJob> Job(std::shared_ptr<const RecordChunk> records,
                               std::shared_ptr<const FilterClass> filter_class) {
    auto job = std::make_shared<SlowJob>();
    job->partition = {"topic", 0};
    job->to = static_cast<int64_t>(records->size());
    job->records = std::move(records);
    job->filter_class = std::move(filter_class);
    job->done = [this](const SlowJob&) { ++done_; };
    job->skipped = [this](int64_t offset, const std::string&) { skipped_.push_back(offset); };
    return job;
  }

  // Carries out what the lane leaves in the mailbox, as the worker does, until `condition` holds.
  template <typename Condition>
  void Until(Condition condition) {
    while (!condition()) {
      std::vector<Mailbox::Command> commands;
      std::vector<uint64_t> partitions;
      mailbox_.Wait(Clock::now() + milliseconds(100), &commands, &partitions);
      for (Mailbox::Command& command : commands) command();
    }
  }

  std::vector<std::shared_ptr<const Matches>> Direct(const RecordChunk& chunk, Evaluator::Patience patience,
                                                     std::vector<std::shared_ptr<const FilterClass>> of) {
    return Evaluator(&counters_, patience).Evaluate(chunk, {"topic", 0}, of, [](int64_t, const std::string&) {});
  }

  static std::vector<std::string> Frames(const Matches& matches) {
    std::vector<std::string> frames;
    for (const Matches::Match& match : matches.matches) frames.emplace_back(matches.Frame(match));
    return frames;
  }

  Mailbox mailbox_;
  Counters counters_;
  FilterClasses classes_;
  SlowLane lane_{&mailbox_, &counters_};
  size_t done_ = 0;
  std::vector<int64_t> skipped_;
};

const char kQuadratic[] = "\"$.n >= 0 && !($.list[?count($.list[?@ == -1]) == 1])\"";

TEST_F(SlowLaneTest, FindsWhatIsFoundElsewhere) {
  const auto chunk = Chunk(300, 30);
  const auto filter_class = ClassOf("\"$.n > 10 && $.list[?@ == 29]\"");
  const auto job = lane_.Judge(Job(chunk, filter_class));
  ASSERT_TRUE(job);
  Until([&] { return done_ == 1; });
  ASSERT_TRUE(job->found);
  const auto direct = Direct(*chunk, Evaluator::Patience::kEndless, {filter_class})[0];
  EXPECT_EQ(direct->size(), 289u);
  EXPECT_EQ(Frames(*job->found), Frames(*direct));
  EXPECT_EQ(job->found->LowerBound(100), direct->LowerBound(100));
  EXPECT_EQ(job->found->total_bytes(), direct->total_bytes());
  EXPECT_EQ(skipped_, std::vector<int64_t>{7});
}

TEST_F(SlowLaneTest, TextsAsWell) {
  auto texts = std::make_shared<MessageTexts>();
  for (int64_t i = 0; i < 100; ++i) {
    texts->offsets.push_back(2 * i);
    texts->texts.push_back("{\"n\":" + std::to_string(i) + "}");
  }
  auto job = std::make_shared<SlowJob>();
  job->texts = texts;
  job->filter_class = ClassOf("\"$..n && $.n < 3\"");
  job->done = [this](const SlowJob&) { ++done_; };
  lane_.JudgeAnyway(job);
  Until([&] { return done_ == 1; });
  ASSERT_EQ(job->found->size(), 3u);
  EXPECT_EQ(job->found->matches[2].offset, 4);
}

TEST_F(SlowLaneTest, TheSameQuestionIsOneJob) {
  const auto chunk = Chunk(50, 200);
  const auto filter_class = ClassOf(kQuadratic);
  const auto job = lane_.Judge(Job(chunk, filter_class));
  EXPECT_EQ(lane_.Judge(Job(chunk, filter_class)), job);
  EXPECT_NE(lane_.Judge(Job(chunk, ClassOf("\"$..x\""))), job);
  EXPECT_NE(lane_.Judge(Job(Chunk(50, 200), filter_class)), job);
  Until([&] { return done_ == 3; });
}

TEST_F(SlowLaneTest, AClassMayHaveSoManyJobsAndNoMore) {
  const auto filter_class = ClassOf(kQuadratic);
  size_t taken = 0;
  while (lane_.Judge(Job(Chunk(100, 200), filter_class))) ++taken;
  EXPECT_GE(taken, 4u);
  EXPECT_LE(taken, 100u);
  EXPECT_TRUE(lane_.Judge(Job(Chunk(1, 1), ClassOf("\"$..x\""))));
  Until([&] { return done_ > 1; });
  EXPECT_TRUE(lane_.Judge(Job(Chunk(1, 1), filter_class)));
}

TEST_F(SlowLaneTest, WhatNobodyWantsIsDropped) {
  const auto filter_class = ClassOf(kQuadratic);
  const auto job = lane_.Judge(Job(Chunk(500, 300), filter_class));
  job->wanted = false;
  const auto other = lane_.Judge(Job(Chunk(1, 1), ClassOf("\"$..x\"")));
  Until([&] { return done_ == 1; });
  EXPECT_TRUE(other->found);
  EXPECT_FALSE(job->found);
}

TEST_F(SlowLaneTest, EndsInTheMiddleOfAJob) { lane_.Judge(Job(Chunk(500, 300), ClassOf(kQuadratic))); }

TEST_F(SlowLaneTest, AClassGoesBackWhenItIsSlowNoMore) {
  const auto filter_class = ClassOf("\"$..x\"");
  for (size_t n = 1; filter_class->slow || n == 1; ++n) {
    ASSERT_LE(n, 1000u);
    lane_.Judge(Job(Chunk(10, 1), filter_class));
    Until([&] { return done_ == n; });
  }
  EXPECT_GE(done_, 8u);
}

TEST_F(SlowLaneTest, AFilterThatTakesTooManyStepsAmongOthersIsGivenUpThere) {
  const auto chunk = Chunk(20, 300);
  const auto quadratic = ClassOf(kQuadratic, 1000000);
  const auto cheap = ClassOf("{\"n\":3}");
  const auto results = Direct(*chunk, Evaluator::Patience::kShort, {cheap, quadratic});
  EXPECT_EQ(results[0]->size(), 1u);
  EXPECT_EQ(results[1], nullptr);
  const auto patient = Direct(*chunk, Evaluator::Patience::kEndless, {cheap, quadratic});
  EXPECT_EQ(patient[1]->size(), 19u);
  // What its own limit ends is not slow, however long this machine takes for it: of one record no time is measured.
  EXPECT_NE(Direct(*Chunk(1, 300), Evaluator::Patience::kShort, {ClassOf(kQuadratic, 100)})[0], nullptr);
}

TEST_F(SlowLaneTest, SoIsAPatternOnALongText) {
  auto chunk = std::make_shared<RecordChunk>();
  const std::string value = "{\"a\":\"" + std::string(200000, 'b') + "c\"}";
  RecordView record;
  record.value = value;
  chunk->Append(record);
  chunk->Seal();
  const auto pattern = ClassOf("{\"a\":\"/a[ab]{20}c|c$/\"}");
  EXPECT_EQ(Direct(*chunk, Evaluator::Patience::kShort, {pattern})[0], nullptr);
  EXPECT_EQ(Direct(*chunk, Evaluator::Patience::kEndless, {pattern})[0]->size(), 1u);
}

TEST_F(SlowLaneTest, AndAFilterThatTakesLongOverMany) {
  // Each evaluation takes some tens of microseconds, and fewer steps than are broken off.
  const auto chunk = Chunk(500, 60);
  const auto filter_class = ClassOf(kQuadratic);
  EXPECT_EQ(Direct(*chunk, Evaluator::Patience::kShort, {filter_class})[0], nullptr);
  EXPECT_EQ(Direct(*chunk, Evaluator::Patience::kEndless, {filter_class})[0]->size(), 499u);
}

}  // namespace
}  // namespace kasocki
