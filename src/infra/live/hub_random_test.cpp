// What streams have got in the end, after random commits, publications that are lost, doubled or late, browsers that
// reconnect to another hub with their last id, hubs that end, and lost connections to Redis and PostgreSQL.
#include <gmock/gmock.h>

#include <random>

#include "infra/live/test_hub.hpp"
#include "infra/pg/listen.hpp"

namespace ms::live {
namespace {

/// A browser that leaves and comes back with the id of its last event.
struct Browser {
  std::string positions;  ///< of its page, then its last id
  std::shared_ptr<TestStream> stream;
  std::size_t hub = 0;
  std::size_t read = 0;                                               ///< of the stream's events
  std::map<std::int64_t, std::int64_t> last;                          ///< number by topic
  std::map<std::int64_t, std::map<std::int64_t, std::string>> items;  ///< by topic: body by item
};

class HubRandom : public HubFixture {
 protected:
  static constexpr int kHubs = 3;
  static constexpr int kTopics = 3;
  static constexpr int kItems = 6;

  std::unique_ptr<Hub> make_hub() {
    auto hub = std::make_unique<Hub>(io_, redis_.config(), secret::Keyring({"key"}), Config{.sweep = 40ms});
    hub->add('p', source_);
    return hub;
  }

  int random_below(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  /// Reads new events: each line is "item@number:body", and the body begins with the topic, "topic/…".
  static void read(Browser& browser) {
    for (; browser.read < browser.stream->events.size(); ++browser.read) {
      const auto& event = browser.stream->events[browser.read];
      ASSERT_EQ(event.name, "");
      ASSERT_TRUE(event.has_id);
      for (std::size_t begin = 0; begin < event.data.size();) {
        std::string line = event.data.substr(begin, event.data.find('\n', begin) - begin);
        begin += line.size() + 1;
        if (line.starts_with("m:")) line.erase(0, 2);
        const auto at = line.find('@');
        const auto colon = line.find(':', at);
        const std::string body = line.substr(colon + 1);
        const std::int64_t topic = std::stoll(body);
        const std::int64_t number = std::stoll(line.substr(at + 1));
        ASSERT_GT(number, browser.last[topic]) << "twice, or out of order: " << line;
        browser.last[topic] = number;
        browser.items[topic][std::stoll(line)] = body;
      }
    }
    if (!browser.stream->last_id.empty()) browser.positions = browser.stream->last_id;
  }

  /// Connects to a random hub, which may be down.
  void reconnect(Browser& browser) {
    browser.hub = static_cast<std::size_t>(random_below(kHubs));
    if (!hubs_[browser.hub]) return;
    browser.stream = follow(*hubs_[browser.hub], random_below(2) == 0 ? session::Viewer() : member(1 + random_below(5)),
                            browser.positions);
    browser.read = 0;
  }
  static void leave(Browser& browser) {
    if (!browser.stream) return;
    read(browser);
    browser.stream->leave();
    browser.stream.reset();
  }
  void stop_or_start(std::size_t hub) {
    if (!hubs_[hub]) {
      hubs_[hub] = make_hub();
      return;
    }
    hubs_[hub].reset();
    for (Browser& browser : browsers_) {
      if (browser.hub == hub) leave(browser);
    }
  }

  void random_step(Browser& browser) {
    const auto hub = static_cast<std::size_t>(random_below(kHubs));
    switch (random_below(14)) {
      case 0:
        leave(browser);
        break;
      case 1:
        stop_or_start(hub);
        break;
      case 2:
        if (hubs_[hub]) hubs_[hub]->members_may_have_changed();
        break;
      case 3:
      case 4:
      case 5:
        io_.restart();
        io_.run_for(std::chrono::microseconds(random_below(4000)));
        break;
      default: {
        const std::string topic = std::to_string(1 + random_below(kTopics));
        const std::string item = std::to_string(1 + random_below(kItems));
        sql("with n as (update topic set number = number + 1 where id = " + topic +
            " returning number)"
            " insert into item (topic, id, body, event) select " +
            topic + "," + item + ",'" + topic + "/" + std::to_string(++bodies_) +
            "', number from n"
            " on conflict (topic, id) do update set body = excluded.body, event = excluded.event");
        for (int times = random_below(3); times > 0; --times) publisher_.publish({'p', std::stoll(topic)});
      }
    }
  }

  /// Cuts connections in the middle of running queries; the commits use other connections.
  void cut_connections() {
    pg::TestDatabase::execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and application_name = 'minschool-fast'");
  }

  /// The first column, a line for each row; over a connection that is never cut.
  std::string sql(const std::string& statement) {
    const pg::ResultPtr result(PQexec(connection_.get(), statement.c_str()));
    EXPECT_EQ(std::string(PQresultErrorMessage(result.get())), "");
    std::string rows;
    for (int row = 0; row < PQntuples(result.get()); ++row) rows.append(PQgetvalue(result.get(), row, 0)).append("\n");
    return rows;
  }

  void check_complete(Browser& browser) {
    std::string expected =
        sql("select string_agg('p' || id || ':' || number, ',' order by id) from topic where id <= 3");
    expected.pop_back();
    ASSERT_TRUE(until([&] { return browser.stream->last_id == expected || browser.positions == expected; }))
        << browser.stream->last_id << " instead of " << expected;
    read(browser);
    std::string items;
    for (const auto& [topic, of_topic] : browser.items) {
      for (const auto& [item, body] : of_topic) items += std::to_string(item) + ":" + body + "\n";
    }
    EXPECT_EQ(items, sql("select id || ':' || body from item order by topic, id"));
  }

  const pg::ConnectionPtr connection_ =
      pg::Parameters(pg::TestDatabase::conninfo(), "minschool-test").connect_blocking();
  std::minstd_rand random_;
  std::vector<std::unique_ptr<Hub>> hubs_{kHubs};
  std::vector<Browser> browsers_;
  int bodies_ = 0;
  pg::Listener listener_{io_,
                         pg::TestDatabase::conninfo(),
                         {"live"},
                         [this](std::string_view, std::string_view message) {
                           for (const auto& hub : hubs_) {
                             if (hub) hub->on_message(message);
                           }
                         },
                         [](bool) {}};
};

TEST_F(HubRandom, EveryBrowserGetsEveryChangeOnceAndInOrder) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    random_.seed(seed);
    TestSource::create_tables();
    for (auto& hub : hubs_) hub = make_hub();
    browsers_.assign(5, Browser{});
    for (Browser& browser : browsers_) browser.positions = "p1:0,p2:0,p3:0";
    for (int step = 0; step < 150; ++step) {
      Browser& browser = browsers_[static_cast<std::size_t>(random_below(5))];
      if (browser.stream) ASSERT_NO_FATAL_FAILURE(read(browser));
      if (!browser.stream || !browser.stream->open()) reconnect(browser);
      random_step(browser);
      if (step == 50 && seed % 3 == 0) redis_.kill();
      if (step == 100 && seed % 3 == 0) redis_.start();
      if (step % 50 == 25 && seed % 3 == 1) cut_connections();
    }
    for (auto& hub : hubs_) {
      if (!hub) hub = make_hub();
    }
    for (Browser& browser : browsers_) {
      if (browser.stream) ASSERT_NO_FATAL_FAILURE(read(browser));
      if (!browser.stream || !browser.stream->open()) reconnect(browser);
      ASSERT_NO_FATAL_FAILURE(check_complete(browser));
    }
    browsers_.clear();
  }
}

}  // namespace
}  // namespace ms::live
