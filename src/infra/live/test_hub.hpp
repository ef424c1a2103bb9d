#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "infra/http/stream.hpp"
#include "infra/io/sleep.hpp"
#include "infra/live/hub.hpp"
#include "infra/live/publisher.hpp"
#include "infra/live/subscribers.hpp"
#include "infra/pg/db.hpp"
#include "infra/pg/test_database.hpp"
#include "infra/pg/transaction.hpp"
#include "infra/redis/private_redis.hpp"

// For tests of the hub: a source of two tables, and a stream that is parsed as a browser parses it.
namespace ms::live {

using namespace std::chrono_literals;

/// What was sent to one stream, in order.
class TestStream : public http::Stream {
 public:
  struct Event {
    std::string name;  ///< "" for what browsers call "message"
    std::string data;
    bool has_id = false;
  };

  explicit TestStream(asio::io_context& io) : io_(io) {}

  bool send(std::shared_ptr<const std::string> bytes) override {
    if (!open_) return false;
    if (read_.size() + bytes->size() > limit) {
      leave();
      return false;
    }
    chunks.push_back(bytes);
    read(*bytes);
    return true;
  }
  void close() override { leave(); }
  bool open() const noexcept override { return open_; }
  void on_end(std::function<void()> handler, std::function<std::string()> final_bytes) override {
    on_end_ = std::move(handler);
    last_bytes = std::move(final_bytes);
  }
  /// The browser goes away, or is too slow; the hub gets to know a little later, as with a real connection.
  void leave() {
    if (!std::exchange(open_, false)) return;
    asio::post(io_, [on_end = std::exchange(on_end_, {})] {
      if (on_end) on_end();
    });
  }

  std::size_t limit = 1'000'000;  ///< in bytes; more close the stream
  std::vector<std::shared_ptr<const std::string>> chunks;
  std::vector<Event> events;
  std::string last_id;
  std::vector<int> retries;
  int heartbeats = 0;
  std::function<std::string()> last_bytes;

 private:
  void read(std::string_view bytes) {
    read_.append(bytes);
    while (true) {
      const auto end = read_.find("\n\n");
      if (end == std::string::npos) return;
      take(read_.substr(0, end + 1));
      read_.erase(0, end + 2);
    }
  }
  void take(const std::string& block) {
    Event event;
    bool data = false;
    for (std::size_t begin = 0; begin < block.size();) {
      const auto end = block.find('\n', begin);
      const std::string line = block.substr(begin, end - begin);
      begin = end + 1;
      if (line == "event: alive") ++heartbeats;
      if (line.starts_with("retry: ")) retries.push_back(std::atoi(line.c_str() + 7));
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("id: ")) last_id = line.substr(4);
      event.has_id = event.has_id || line.starts_with("id: ");
      if (!line.starts_with("data: ")) continue;
      if (std::exchange(data, true)) event.data += '\n';
      event.data += line.substr(6);
    }
    if (data) events.push_back(std::move(event));
  }

  asio::io_context& io_;
  bool open_ = true;
  std::string read_;
  std::function<void()> on_end_;
};

/// Every item is shown as "item@number:body\n", to a member with "m:" in front. An item whose body begins with "staff"
/// is for staff only.
class TestSource : public Source {
 public:
  explicit TestSource(pg::Db& db, char kind = 'p') : db_(db), kind_(kind) {}

  static void create_tables() {
    pg::TestDatabase::execute(
        "drop table if exists topic, item;"
        "create table topic (id bigint primary key, number bigint not null default 0);"
        "create table item (topic bigint, id bigint, body text not null, event bigint not null, primary key (topic, "
        "id));"
        "insert into topic (id) select generate_series(1, 9)");
  }

  async<Result<void>> may_follow(const Call&, const session::Viewer&, std::int64_t id) override {
    if (id == 99) co_return fail(ErrorCode::forbidden, "error.forbidden"_msg);
    co_return Result<void>();
  }

  async<ChangeSet> since(const Call& call, std::int64_t id, std::int64_t number) override {
    queried.push_back(number);
    pg::Batch batch = db_.batch(call);
    const auto handle = batch.add<Row>(kSince, id, number, kMaxChanges + 1);
    co_await batch.send();
    while (held) co_await sleep_for(1ms);
    if (broken) throw std::runtime_error("a bug in the source");
    ChangeSet change_set;
    for (Row& row : handle.all()) {
      change_set.number = row.number;
      if (!row.event) continue;
      change_set.more = change_set.changes.size() == kMaxChanges;
      if (!change_set.more) change_set.changes.push_back(change(*row.item, *row.event, std::move(*row.body)));
    }
    ++answered;
    co_return change_set;
  }

  async<std::vector<Position>> numbers(const Call& call, std::vector<std::int64_t> ids) override {
    ++sweeps;
    pg::Batch batch = db_.batch(call);
    const auto handle = batch.add<Number>(kNumbers, ids);
    co_await batch.send();
    std::vector<Position> positions;
    for (const Number& row : handle.all()) positions.push_back({{kind_, row.id}, row.number});
    co_return positions;
  }

  bool of_member() const noexcept override { return kind_ == 'u'; }

  std::optional<Change> parse_transient(std::int64_t, std::string_view what) override {
    if (broken) throw std::runtime_error("a bug in the source");
    if (what == "garbage") return std::nullopt;
    return change(0, 0, std::string(what));
  }

  std::vector<std::int64_t> queried;  ///< the numbers that since() was called with
  std::size_t answered = 0;
  int sweeps = 0;
  int renders = 0;
  bool held = false;  ///< since() has its answer and does not return it yet
  bool broken = false;
  std::function<bool(const session::Viewer&)> readable = [](const session::Viewer&) { return true; };

 private:
  struct Row {
    std::int64_t number = 0;
    std::optional<std::int64_t> item;
    std::optional<std::int64_t> event;
    std::optional<std::string> body;
  };
  struct Number {
    std::int64_t id = 0;
    std::int64_t number = 0;
  };
  static constexpr pg::Query kSince{"test.since", R"(
    select coalesce(t.number, 0), i.id, i.event, i.body
      from (select 1) one left join topic t on t.id = $1
      left join lateral (select id, event, body from item where topic = $1 and event > $2 order by event limit $3) i on true
     order by i.event)"};
  static constexpr pg::Query kNumbers{"test.numbers", "select id, number from topic where id = any($1::bigint[])"};

  Change change(std::int64_t item, std::int64_t number, std::string body) {
    Change out;
    out.number = number;
    out.variant = [this, staff = body.starts_with("staff")](const session::Viewer& viewer) -> std::optional<int> {
      if (!readable(viewer) || (staff && viewer.role < session::Role::staff)) return std::nullopt;
      return viewer.signed_in() ? 1 : 0;
    };
    out.render = [this, item, number, body = std::move(body)](view::Out& html, int variant) {
      ++renders;
      html.text(variant == 1 ? "m:" : "");
      html.text(std::to_string(item) + "@" + std::to_string(number) + ":" + body + "\n");
    };
    return out;
  }

  pg::Db& db_;
  char kind_;
};

inline constexpr pg::Query kTestWrite{"test.write", R"(
  with n as (update topic set number = number + 1 where id = $1 returning number)
  insert into item (topic, id, body, event) select $1, $2, $3, number from n
      on conflict (topic, id) do update set body = excluded.body, event = excluded.event)"};

/// One transaction: inserts or changes an item of a topic.
inline async<bool> write(pg::Db& db, std::int64_t topic, std::int64_t item, std::string body) {
  const Call call(std::chrono::steady_clock::now() + 5s, "test");
  pg::Transaction transaction = db.transaction(call);
  transaction.add(kTestWrite, topic, item, body);
  const auto done = co_await transaction.commit();
  co_return done.has_value();
}

inline session::Viewer member(std::int64_t id, session::Role role = session::Role::member) {
  session::Viewer viewer;
  viewer.id = MemberId{id};
  viewer.role = role;
  return viewer;
}

class HubFixture : public testing::Test {
 protected:
  HubFixture() { TestSource::create_tables(); }
  void SetUp() override {
    ASSERT_TRUE(pg::run(io_, db_.ready(redis::in(10s))));
    ASSERT_TRUE(redis::run(io_, client_.ready(redis::in(10s))));
  }

  /// Returns a hub that gets publications.
  std::unique_ptr<Hub> make(const Config& config) {
    auto hub = std::make_unique<Hub>(io_, redis_.config(), secret::Keyring({"key"}), config);
    hub->add('p', source_);
    hub->add('u', members_);
    EXPECT_TRUE(until([&] { return hub->state().subscribed_by_redis; }));
    run_ready();  // the sweep that the subscription starts
    return hub;
  }
  /// An admitted and open stream; null when admit() failed.
  std::shared_ptr<TestStream> follow(Hub& hub, session::Viewer viewer, std::string_view positions, bool reload = false,
                                     const Call& call = Call(redis::in(10s), "test")) {
    auto admission = admit(hub, std::move(viewer), positions, reload, call);
    if (!admission) return nullptr;
    auto stream = std::make_shared<TestStream>(io_);
    subscribers_.push_back(admission->subscription);
    hub.open(std::move(*admission), stream);
    return stream;
  }
  /// Waits until all positions of all subscriptions were compared with PostgreSQL.
  bool confirmed() {
    return until([&] {
      return std::ranges::all_of(subscribers_, [](const auto& subscription) {
        return subscription.expired() || !subscription.lock()->unconfirmed;
      });
    });
  }
  Result<Hub::Admission> admit(Hub& hub, session::Viewer viewer, std::string_view positions, bool reload = false,
                               const Call& call = Call(redis::in(10s), "test")) {
    std::optional<Result<Hub::Admission>> outcome;
    outcome.emplace(pg::run(io_, hub.admit(call, std::move(viewer), *parse_positions(positions), reload)));
    return std::move(*outcome);
  }
  void commit(std::int64_t topic, std::int64_t item, std::string body) {
    ASSERT_TRUE(pg::run(io_, write(db_, topic, item, std::move(body))));
  }
  /// Items `first` to `last` in one transaction, without a round trip on our connections.
  static void commit_many(std::int64_t topic, int first, int last) {
    pg::TestDatabase::execute("begin; do $$ begin for i in " + std::to_string(first) + ".." + std::to_string(last) +
                              " loop update topic set number = number + 1 where id = " + std::to_string(topic) +
                              "; insert into item select id, i, 'x', number from topic where id = " +
                              std::to_string(topic) + "; end loop; end $$; commit");
  }

  /// Runs the loop until the condition holds or ten seconds have passed.
  template <class Condition>
  bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    io_.restart();
    while (!condition() && std::chrono::steady_clock::now() < end) io_.run_one_for(20ms);
    return condition();
  }
  /// Runs what is ready.
  void run_ready() {
    bool done = false;
    asio::post(io_, [&] { done = true; });
    until([&] { return done; });
  }
  /// The data of all events, in order.
  static std::string data(const TestStream& stream) {
    std::string all;
    for (const auto& event : stream.events) all += event.data + "|";
    return all;
  }

  asio::io_context io_;
  redis::PrivateRedis redis_;
  pg::Db db_{io_, {.conninfo = pg::TestDatabase::conninfo(), .fast_connections = 2, .slow_connections = 0}};
  redis::Client client_{io_, redis_.config()};
  Publisher publisher_{io_, db_, client_, secret::Keyring({"key"})};
  std::shared_ptr<TestSource> source_ = std::make_shared<TestSource>(db_);
  std::shared_ptr<TestSource> members_ = std::make_shared<TestSource>(db_, 'u');
  std::vector<std::weak_ptr<Subscription>> subscribers_;
  /// Sweeps so seldom that only publications can bring an event.
  const Config no_sweep_{.sweep = 1h, .heartbeat = 1s};
  const Config fast_sweep_{.sweep = 50ms};
};

}  // namespace ms::live
