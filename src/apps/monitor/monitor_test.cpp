#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>

#include "apps/monitor/figures.hpp"
#include "apps/monitor/nginx_config.hpp"
#include "apps/monitor/nginx_status.hpp"
#include "apps/monitor/prober.hpp"

namespace ms::monitor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Field;

constexpr std::string_view kFile = R"nginx(
# upstream commented { server 1.1.1.1:1; }
map $uri $x { "~^/a;{}" 1; default "a\"}b"; }
log_format f 'x ${upstream_addr} {' "y;";
upstream minschool_site {
    zone minschool_site 256k; least_conn;
    server 10.0.0.1:3000 max_fails=1 fail_timeout=1s;  # server 9.9.9.9:9;
    server "10.0.0.2:3000";
    server [::1]:3000 down;
    server 10.0.0.1:3000 backup max_fails=0;
    server 10.0.0.3:3000 backup;
    keepalive 64;
}
server { listen 80; location / { proxy_pass http://minschool_site; } server_name a; }
upstream other { server unix:/run/a.sock; server app; }
)nginx";

TEST(NginxConfig, NamesTheServersOfEachUpstream) {
  const auto upstreams = read_upstreams(kFile);
  ASSERT_TRUE(upstreams) << upstreams.error();
  ASSERT_EQ(upstreams->size(), 2U);
  const auto& site = upstreams->front();
  EXPECT_EQ(site.name, "minschool_site");
  EXPECT_THAT(site.servers,
              ElementsAre(Field(&NamedServer::address, "10.0.0.1:3000"), Field(&NamedServer::address, "10.0.0.2:3000"),
                          Field(&NamedServer::address, "[::1]:3000"), Field(&NamedServer::address, "10.0.0.3:3000")));
  EXPECT_FALSE(site.servers[0].backup) << "it is named as backup too, but not only";
  EXPECT_TRUE(site.servers[2].down);
  EXPECT_TRUE(site.servers[3].backup);
  EXPECT_THAT(upstreams->back().servers,
              ElementsAre(Field(&NamedServer::address, "unix:/run/a.sock"), Field(&NamedServer::address, "app:80")));
}

TEST(NginxConfig, RejectsAnIncompleteFile) {
  for (const char* text : {"", "upstream a { server b:1;", "upstream a { server b:1; } }",
                           "upstream a { server b:1; } x", "server { }", "upstream \"a"}) {
    EXPECT_FALSE(read_upstreams(text)) << text;
  }
}

TEST(StubStatus, HasSevenNumbers) {
  const auto connections = parse_stub_status(
      "Active connections: 291 \nserver accepts handled requests\n 16630948 16630947 31070465 \n"
      "Reading: 6 Writing: 179 Waiting: 106 \n");
  ASSERT_TRUE(connections);
  EXPECT_EQ(connections->active, 291U);
  EXPECT_EQ(connections->accepted, 16630948U);
  EXPECT_EQ(connections->handled, 16630947U);
  EXPECT_EQ(connections->requests, 31070465U);
  EXPECT_EQ(connections->reading, 6U);
  EXPECT_EQ(connections->writing, 179U);
  EXPECT_EQ(connections->waiting, 106U);
  EXPECT_FALSE(parse_stub_status("<html>"));
  EXPECT_FALSE(parse_stub_status("Active connections: 1"));
  EXPECT_FALSE(parse_stub_status("Active connections: 99999999999999999999 1 1 1 1 1 1"));
  EXPECT_FALSE(parse_stub_status("Active connections: 1 2 3 4 5 6 7 8"));
}

TEST(Url, IsANumericAddress) {
  const auto request = http::parse_url("http://127.0.0.1:8080/nginx_status");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path, "/nginx_status");
  EXPECT_TRUE(http::parse_url("http://[::1]/"));
  EXPECT_EQ(http::parse_url("http://127.0.0.1")->path, "/");
  for (const char* url : {"https://127.0.0.1/", "http://nginx/", "http://127.0.0.1:x/", "127.0.0.1", "http://"}) {
    EXPECT_FALSE(http::parse_url(url)) << url;
  }
}

TEST(Health, AcceptsOnlyOurFormat) {
  const Health degraded = read_health({200, R"({"status":"degraded","server":"app1","version":"1.2"})"});
  EXPECT_TRUE(degraded.healthy);
  EXPECT_EQ(degraded.name, "app1");
  EXPECT_EQ(degraded.version, "1.2");
  const Health failing =
      read_health({503, R"({"status":"down","checks":{"redis":{"state":"ok"},"postgresql":{"state":"down"}}})"});
  EXPECT_TRUE(failing.answered);
  EXPECT_FALSE(failing.healthy);
  EXPECT_EQ(failing.error, "postgresql is down");
  EXPECT_EQ(read_health({503, R"({"status":"down","draining":true})"}).error, "draining");
  for (const char* body : {"", "hello", "[]", "{}", R"({"status":1})", R"({"status":"\u0007"})", R"({"checks":[1]})"}) {
    const Health garbage = read_health({200, body});
    EXPECT_FALSE(garbage.healthy) << body;
    EXPECT_EQ(garbage.error, "its /health is not one of ours (HTTP 200)");
  }
  EXPECT_EQ(read_health({200, "{\"server\":\"a\\nb\"}"}).name, "");
}

class TrafficTest : public testing::Test {
 protected:
  void configure(std::initializer_list<const char*> addresses) {
    std::vector<Place> places;
    for (const char* address : addresses) places.push_back({"site", address, {}, false, false});
    traffic_.configure(places, now_);
  }
  void log(std::string_view fields) {
    const std::string datagram = "<190>Nov 22 19:59:34 minschool: " + std::string(fields);
    const auto line = parse_log_line(datagram);
    ASSERT_TRUE(line) << fields;
    traffic_.add(*line, now_);
  }
  void probe(const char* address, bool answered, bool healthy = true) {
    Health health;
    health.answered = answered;
    health.healthy = answered && healthy;
    if (!health.healthy) health.error = "refused";
    traffic_.record_probe(address, std::move(health), now_);
  }
  State state(const char* address) { return traffic_.servers().at(address).state; }
  void pass(Clock::duration time) {
    now_ += time;
    traffic_.tick(now_);
  }

  Clock::time_point now_{100h};
  Traffic traffic_{now_};
};

TEST_F(TrafficTest, AServerGoesThroughItsStates) {
  configure({"a:1"});
  EXPECT_EQ(state("a:1"), State::unknown);
  probe("a:1", true);
  EXPECT_EQ(state("a:1"), State::up);
  pass(10s);
  probe("a:1", false);
  EXPECT_EQ(state("a:1"), State::failing);
  pass(1s);
  probe("a:1", false);
  EXPECT_EQ(state("a:1"), State::down);
  EXPECT_EQ(traffic_.servers().at("a:1").since, now_);
  EXPECT_EQ(traffic_.servers().at("a:1").reason(now_), "refused");
  probe("a:1", true, false);
  EXPECT_EQ(state("a:1"), State::failing);
  probe("a:1", true);
  EXPECT_EQ(state("a:1"), State::up);
  EXPECT_EQ(traffic_.servers().at("a:1").reason(now_), "");
}

TEST_F(TrafficTest, AServerThatDidNotAnswerNginxIsFailingForAWhile) {
  configure({"a:1", "b:1"});
  probe("a:1", true);
  probe("b:1", true);
  log("1|200|GET|page|0.020|MISS|a:1, b:1|502, 200|0.010, 0.009|ab");
  pass(1s);
  EXPECT_EQ(state("a:1"), State::failing);
  EXPECT_EQ(traffic_.servers().at("a:1").reason(now_), "Nginx got no answer 1 s ago");
  EXPECT_EQ(state("b:1"), State::up);
  pass(5s);
  EXPECT_EQ(state("a:1"), State::up);
}

TEST_F(TrafficTest, SharesOfAnUpstreamAddUp) {
  configure({"a:1", "b:1", "c:1"});
  for (int i = 0; i < 5; ++i) log("1|200|GET|page|0.010|-|a:1|200|0.010|ab");
  for (int i = 0; i < 3; ++i) log("1|404|GET|page|0.020|-|b:1|404|0.020|ab");
  log("1|500|GET|page|0.011|-|b:1, c:1|502, 500|0.001, 0.010|ab");
  pass(10s);
  const auto site = rows(traffic_, now_).at("site");
  ASSERT_EQ(site.size(), 3U);
  EXPECT_DOUBLE_EQ(site[0].minute.share, 0.5);
  EXPECT_DOUBLE_EQ(site[1].minute.share, 0.4);
  EXPECT_DOUBLE_EQ(site[2].minute.share, 0.1);
  EXPECT_DOUBLE_EQ(site[0].minute.per_second, 0.5);
  EXPECT_EQ(site[0].minute.milliseconds(0.99), 10U);
  EXPECT_EQ(site[1].minute.tally.unanswered, 1U);
  EXPECT_EQ(site[1].minute.tally.classes[4], 3U);
  EXPECT_DOUBLE_EQ(site[2].minute.errors(), 1);
  EXPECT_EQ(traffic_.requests().all().count, 9U);
  ASSERT_EQ(traffic_.failures().size(), 1U);
  EXPECT_EQ(traffic_.failures()[0].server, "c:1");
}

TEST_F(TrafficTest, TheLastMinuteEnds) {
  configure({"a:1"});
  log("1|200|GET|page|0.010|-|a:1|200|0.010|ab");
  pass(70s);
  log("1|200|GET|page|0.010|-|a:1|200|0.010|ab");
  const auto site = rows(traffic_, now_).at("site");
  EXPECT_EQ(site[0].minute.tally.count, 1U);
  EXPECT_EQ(site[0].five.tally.count, 2U);
}

TEST_F(TrafficTest, AStreamIsCountedButNotTimed) {
  log("1|200|GET|live|3600.000|-|a:1|200|3600.000|ab");
  EXPECT_EQ(traffic_.requests().all().count, 1U);
  EXPECT_EQ(traffic_.requests().all().milliseconds.count(), 0U);
  EXPECT_EQ(traffic_.servers().at("a:1").counts.all().milliseconds.count(), 0U);
}

TEST_F(TrafficTest, ServersOnlyInTheLogAreRemoved) {
  configure({"a:1"});
  log("1|200|GET|page|0.010|-|b:1|200|0.010|ab");
  log("1|502|GET|page|0.000|-|minschool_site|502|0.000|ab");
  EXPECT_EQ(traffic_.no_server(), 1U);
  EXPECT_EQ(rows(traffic_, now_).at("").size(), 1U);
  EXPECT_EQ(state("b:1"), State::unknown);
  pass(6min);
  EXPECT_FALSE(traffic_.servers().contains("b:1"));
  EXPECT_TRUE(traffic_.servers().contains("a:1"));
}

TEST_F(TrafficTest, AFloodOfNamesIsBounded) {
  configure({"a:1"});
  for (int i = 0; i < 1000; ++i) { log("1|200|GET|page|0.010|-|h" + std::to_string(i) + ":1|200|0.010|ab"); }
  EXPECT_EQ(traffic_.servers().size(), Traffic::kMaxServers);
  EXPECT_EQ(traffic_.untracked(), 1001U - Traffic::kMaxServers);
}

TEST_F(TrafficTest, AServerRemovedFromTheFileIsNoLongerProbed) {
  configure({"a:1", "b:1"});
  probe("b:1", true);
  configure({"a:1"});
  EXPECT_EQ(state("b:1"), State::unknown);
  EXPECT_FALSE(traffic_.servers().at("b:1").configured);
}

}  // namespace
}  // namespace ms::monitor
