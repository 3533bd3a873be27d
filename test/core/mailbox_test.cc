#include "engine/mailbox.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace kasocki {
namespace {

TEST(Outbox, KeepsSoManyLinesOfLogAndEverythingElse) {
  int rings = 0;
  Outbox outbox([&rings] { ++rings; });
  constexpr size_t kMore = 5;
  for (size_t i = 0; i < kMaxLogLines + kMore; ++i) {
    outbox.Push(LogEvent{7, "FACILITY", std::to_string(i), ""});
  }
  outbox.Push(ClosedEvent{});
  EXPECT_EQ(rings, 1);

  std::vector<HubEvent> events;
  std::vector<SessionId> ready;
  outbox.Take(&events, &ready);
  ASSERT_EQ(events.size(), kMaxLogLines + 2);
  for (size_t i = 0; i < kMaxLogLines; ++i) EXPECT_EQ(std::get<LogEvent>(events[i]).text, std::to_string(i));
  EXPECT_TRUE(std::holds_alternative<ClosedEvent>(events[kMaxLogLines]));
  EXPECT_EQ(std::get<LogEvent>(events.back()).text, "5 more lines of librdkafka's log were dropped");

  // Then as before.
  events.clear();
  outbox.Push(LogEvent{7, "FACILITY", "next", ""});
  outbox.Take(&events, &ready);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<LogEvent>(events[0]).text, "next");
}

}  // namespace
}  // namespace kasocki
