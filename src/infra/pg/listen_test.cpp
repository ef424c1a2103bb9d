#include "infra/pg/listen.hpp"

#include <gmock/gmock.h>

#include "infra/pg/test_database.hpp"
#include "infra/pg/test_proxy.hpp"

namespace ms::pg {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::ElementsAre;

class ListenTest : public testing::Test {
 protected:
  ListenTest() { proxy_.open(); }

  void on_message(std::string_view channel, std::string_view payload) {
    received_.push_back(std::string(channel) + ":" + std::string(payload));
  }
  void on_gap(bool connected) { gaps_.push_back(connected); }

  /// Runs the loop until the condition holds or five seconds have passed.
  template <class Condition>
  bool until(Condition condition) {
    const auto end = steady_clock::now() + 5s;
    while (!condition() && steady_clock::now() < end) io_.run_one_for(100ms);
    return condition();
  }

  asio::io_context io_;
  Proxy proxy_{io_};
  std::vector<std::string> received_;
  std::vector<bool> gaps_;
  Listener listener_{io_,
                     proxy_.conninfo(),
                     {"rights", "Odd \"name"},
                     [this](std::string_view channel, std::string_view payload) { on_message(channel, payload); },
                     [this](bool connected) { on_gap(connected); }};
};

TEST_F(ListenTest, ReceivesItsChannels) {
  EXPECT_FALSE(listener_.live());
  ASSERT_TRUE(until([this] { return listener_.live(); }));
  EXPECT_THAT(gaps_, ElementsAre(true));
  TestDatabase::execute("notify rights, '7'; notify other, 'x'; notify \"Odd \"\"name\"");
  ASSERT_TRUE(until([this] { return received_.size() == 2; }));
  EXPECT_THAT(received_, ElementsAre("rights:7", "Odd \"name:"));
}

TEST_F(ListenTest, ReceivesAtOnceWhatComesWithTheAnswerToAProof) {
  ASSERT_TRUE(until([this] { return listener_.live(); }));
  proxy_.stall_answers(true);
  io_.run_for(1200ms);  // sends a proof
  TestDatabase::execute("notify rights, '7'");
  io_.run_for(100ms);
  proxy_.stall_answers(false);
  const auto start = steady_clock::now();
  ASSERT_TRUE(until([this] { return !received_.empty(); }));
  EXPECT_LT(steady_clock::now() - start, 400ms) << "not with the next proof";
}

TEST_F(ListenTest, StaysLiveWhileNothingHappens) {
  ASSERT_TRUE(until([this] { return listener_.live(); }));
  const auto end = steady_clock::now() + 2500ms;
  bool always = true;
  while (steady_clock::now() < end) {
    io_.run_one_for(20ms);
    always = always && listener_.live();
  }
  EXPECT_TRUE(always);
  EXPECT_THAT(gaps_, ElementsAre(true));
}

TEST_F(ListenTest, ReportsALossAndTheReconnect) {
  ASSERT_TRUE(until([this] { return listener_.live(); }));
  TestDatabase::execute(
      "select pg_terminate_backend(pid) from pg_stat_activity"
      " where datname = current_database() and application_name = 'minschool-listen'");
  ASSERT_TRUE(until([this] { return gaps_.size() == 3; }));
  EXPECT_THAT(gaps_, ElementsAre(true, false, true));
  TestDatabase::execute("notify rights, 'again'");
  ASSERT_TRUE(until([this] { return !received_.empty(); }));
  EXPECT_TRUE(listener_.live());
}

TEST_F(ListenTest, NoticesAHangingServerWithinTwoSeconds) {
  ASSERT_TRUE(until([this] { return listener_.live(); }));
  proxy_.stall(true);
  const auto start = steady_clock::now();
  ASSERT_TRUE(until([this] { return gaps_.size() == 2; }));
  EXPECT_FALSE(gaps_.back());
  EXPECT_FALSE(listener_.live());
  EXPECT_LT(steady_clock::now() - start, 2500ms);
  proxy_.stall(false);
  ASSERT_TRUE(until([this] { return gaps_.size() == 3 && listener_.live(); }));
}

TEST_F(ListenTest, CallsNothingOnceClosed) {
  ASSERT_TRUE(until([this] { return listener_.live(); }));
  listener_.close();
  EXPECT_FALSE(listener_.live());
  io_.run_for(50ms);
  EXPECT_THAT(gaps_, ElementsAre(true));
}

}  // namespace
}  // namespace ms::pg
