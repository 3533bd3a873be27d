// Which life a topic is in, as its ids tell.
#include "engine/topic_lives.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace kasocki {
namespace {

using std::chrono::milliseconds;
using Lives = std::vector<std::pair<std::string, TopicLife>>;

// Notes what it is asked, and does nothing else.
class FakeClient : public KafkaClient {
 public:
  Result<std::unique_ptr<LogReader>> OpenReader(const TopicPartition&, int64_t, std::function<void()>) override {
    return Error{ErrorKind::kKafka, "", ""};
  }
  void ListOffsets(uint64_t, const std::vector<OffsetQuery>&, int) override {}
  void DescribeTopics(uint64_t request, const std::vector<std::string>& topics, int) override {
    asked.push_back(topics);
    last_request = request;
  }
  std::string ClusterId() override { return ""; }
  void PollEvents(const std::function<void(ClientEvent)>&) override {}
  Result<ClusterMetadata> FetchMetadata(int) override { return ClusterMetadata(); }
  void CancelMetadata() override {}
  Result<bool> SetOAuthBearerToken(const std::string&, int64_t, const std::string&,
                                   const std::vector<std::pair<std::string, std::string>>&) override {
    return true;
  }
  void FailOAuthBearerToken(const std::string&) override {}

  std::vector<std::vector<std::string>> asked;
  uint64_t last_request = 0;
};

class TopicLivesTest : public testing::Test {
 protected:
  // What Kafka answers to all that was asked so far.
  void Answer(std::map<std::string, std::string> answer) {
    ids.Send();
    ids.OnTopicIds({client.last_request, std::move(answer)});
  }
  Lives Told() { return std::exchange(told, {}); }

  FakeClient client;
  TopicIds ids{&client};
  Timers timers;
  std::set<std::string> read;
  Lives told;
  TopicLives lives{&ids, &timers, [this] { return read; },
                   [this](const std::string& topic, TopicLife life) { told.emplace_back(topic, life); }};
  const Clock::time_point made = Clock::now();
};

TEST_F(TopicLivesTest, AreAskedForAtOnceAndThenNowAndThen) {
  read = {"a", "b"};
  lives.Read("a");
  lives.Read("b");
  Answer({{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(Told(), (Lives{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(client.asked, (std::vector<std::vector<std::string>>{{"a", "b"}}));
  // What is read of the same later waits a little, for others.
  lives.Read("a");
  lives.Read("a");
  ids.Send();
  EXPECT_EQ(client.asked.size(), 1u);
  timers.Run(Clock::now() + milliseconds(1000));
  Answer({{"a", "1"}, {"b", "3"}});
  EXPECT_EQ(Told(), (Lives{{"a", 1}, {"b", 3}}));
  EXPECT_EQ(client.asked.size(), 2u);
  timers.Run(made + milliseconds(5000));
  Answer({{"a", "1"}, {"b", "3"}});
  EXPECT_EQ(Told(), (Lives{{"a", 1}, {"b", 3}}));
  // Nothing is read: nothing is asked, and nothing remembered.
  read = {};
  timers.Run(Clock::now() + milliseconds(5000));
  ids.Send();
  EXPECT_EQ(client.asked.size(), 3u);
  lives.Read("b");
  Answer({{"b", "3"}});
  EXPECT_EQ(Told(), (Lives{{"b", 4}}));
}

TEST_F(TopicLivesTest, AnIdThatIsPastIsNoNews) {
  read = {"a"};
  int done = 0;
  for (const char* id : {"1", "2", "1", "2", "3", "2"}) {
    lives.Ask("a", [&done] { ++done; });
    Answer({{"a", id}});
  }
  EXPECT_EQ(Told(), (Lives{{"a", 1}, {"a", 2}, {"a", 2}, {"a", 3}}));
  EXPECT_EQ(done, 6);
}

TEST_F(TopicLivesTest, WithoutAnIdNothingIsTold) {
  read = {"a"};
  int done = 0;
  lives.Read("a");
  lives.Ask("a", [&done] { ++done; });
  Answer({});
  EXPECT_TRUE(Told().empty());
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace kasocki
