#include "features/servers/sources.hpp"

#include <gmock/gmock.h>

#include "features/servers/json_codec.hpp"

namespace ms::servers {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Heartbeat heartbeat(std::string server, config::Program program, std::int64_t at, int port) {
  Heartbeat out;
  out.server = std::move(server);
  out.program = program;
  out.at_ms = at;
  out.port = port;
  return out;
}

TEST(RedisInfo, IsParsedInAnyOrder) {
  const RedisFigures figures = read_info(
      "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:61\r\n# Clients\r\nconnected_clients:7\r\n"
      "# Memory\r\nused_memory:1500000\r\nused_memory_peak:2000000\r\nmaxmemory:268435456\r\n"
      "mem_fragmentation_ratio:1.25\r\n# Stats\r\ninstantaneous_ops_per_sec:42\r\nexpired_keys:9\r\nevicted_keys:3\r\n"
      "# Keyspace\r\ndb0:keys=12,expires=10,avg_ttl=5\r\ndb3:keys=1,expires=0,avg_ttl=0\r\n");
  EXPECT_EQ(figures.version, "7.0.15");
  EXPECT_EQ(figures.uptime_seconds, 61);
  EXPECT_EQ(figures.clients, 7);
  EXPECT_EQ(figures.memory, 1500000);
  EXPECT_EQ(figures.memory_peak, 2000000);
  EXPECT_EQ(figures.memory_limit, 268435456);
  EXPECT_EQ(figures.fragmentation, 1.25);
  EXPECT_EQ(figures.commands, 42);
  EXPECT_EQ(figures.expired_total, 9);
  EXPECT_EQ(figures.evicted_total, 3);
  EXPECT_EQ(figures.keys, 13);
  EXPECT_EQ(figures.expires, 10);
  EXPECT_FALSE(figures.expired) << "a rate needs two readings";
}

TEST(RedisInfo, OtherTextIsEmpty) {
  for (const auto* text : {"", "\n\n", "used_memory", "used_memory:many\r\ndb0:keys", ":::\r\n"}) {
    const RedisFigures figures = read_info(text);
    EXPECT_EQ(figures.memory, 0) << text;
    EXPECT_EQ(figures.keys, 0) << text;
  }
}

TEST(ParseHeartbeat, ReadsWhatWasWritten) {
  Heartbeat written = heartbeat("app1", config::Program::site, 12, 3000);
  written.requests = 3.5;
  written.routes.push_back({"GET /posts/{id}", 2, 1, 2, 3});
  written.postgres = {true, 4, 0.5};
  const auto read = parse_heartbeat(boost::json::serialize(to_json(written)));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->server, "app1");
  EXPECT_EQ(read->requests, 3.5);
  EXPECT_EQ(read->routes.at(0).name, "GET /posts/{id}");
  EXPECT_TRUE(read->postgres.up);
  EXPECT_EQ(read->postgres.per_second, 4);
}

TEST(ParseHeartbeat, IgnoresUnknownAndWrongFields) {
  const auto read =
      parse_heartbeat(R"({"server":"app9","program":"admin","memory":"much","routes":7,"colour":"blue","cpu":1})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->memory, 0);
  EXPECT_THAT(read->routes, IsEmpty());
  EXPECT_EQ(read->cpu, 1);
}

TEST(ParseHeartbeat, RejectsOtherText) {
  for (const auto* text : {"", "{", "[]", "7", "{}", R"({"server":"app1"})", R"({"server":"","program":"site"})",
                           R"({"server":"app1","program":"shell"})"}) {
    EXPECT_FALSE(parse_heartbeat(text)) << text;
  }
}

constexpr std::string_view kStatus =
    R"({"nginx":{"state":"up","connections":{"active":5,"reading":1,"writing":2,"waiting":2}},
  "requests":{"last_minute":{"per_second":12.5,"p50_ms":3,"p95_ms":9,"p99_ms":20,"error_rate":0.01}},
  "upstreams":[{"name":"minschool_site","servers":[
    {"address":"127.0.0.11:3000","name":"app1","state":"up","since_seconds":7,"last_minute":{"per_second":6,"share":0.5}},
    {"address":"127.0.0.12:3000","name":"app2","state":"down","reason":"connect: refused","last_minute":{}}]},
   {"name":"minschool_admin","servers":[{"address":"127.0.0.11:3001","name":"app1","state":"up"}]}]})";

TEST(UpstreamStatus, GivesNginxAndItsServers) {
  const NginxFigures figures = read_upstream_status(kStatus);
  EXPECT_TRUE(figures.known);
  EXPECT_TRUE(figures.up);
  EXPECT_EQ(figures.requests, 12.5);
  EXPECT_EQ(figures.p99_ms, 20);
  EXPECT_EQ(figures.active, 5);
  ASSERT_THAT(figures.servers, SizeIs(3));
  EXPECT_EQ(figures.servers[1].reason, "connect: refused");
}

TEST(UpstreamStatus, OtherTextIsUnknown) {
  for (const auto* text : {"", "<html>", "[]", "null"}) {
    const NginxFigures figures = read_upstream_status(text);
    EXPECT_FALSE(figures.known) << text;
    EXPECT_FALSE(figures.why.empty()) << text;
  }
}

TEST(Assembly, TakesTheNewestHeartbeatAndTheSiteInNginx) {
  const std::vector<store::ServerRow> known{
      {1, "app1", false, "site", 3.0, {}}, {1, "app1", false, "admin", 4.0, {}}, {2, "app2", true, "site", 90.0, {}}};
  const std::vector<Heartbeat> heartbeats{
      heartbeat("app1", config::Program::site, 5, 3000), heartbeat("app1", config::Program::site, 9, 3000),
      heartbeat("app1", config::Program::admin, 5, 3001), heartbeat("app7", config::Program::site, 5, 3000)};
  const auto servers = assemble(known, heartbeats, read_upstream_status(kStatus));
  ASSERT_THAT(servers, SizeIs(3));
  EXPECT_EQ(servers[0].id, 1);
  EXPECT_EQ(servers[0].site->at_ms, 9);
  EXPECT_EQ(servers[0].silent_seconds, 0);
  EXPECT_EQ(servers[0].in_nginx->address, "127.0.0.11:3000");
  EXPECT_FALSE(servers[1].alive());
  EXPECT_TRUE(servers[1].drain_requested);
  EXPECT_EQ(servers[1].silent_seconds, 90);
  EXPECT_EQ(servers[1].in_nginx->state, "down");
  EXPECT_EQ(servers[2].name, "app7") << "one that PostgreSQL does not know yet";
  EXPECT_EQ(servers[2].id, 0);
}

TEST(Assembly, IsBounded) {
  std::vector<Heartbeat> heartbeats;
  for (int i = 0; i < 500; ++i)
    heartbeats.push_back(heartbeat("made-up-" + std::to_string(i), config::Program::site, 1, 3000));
  EXPECT_THAT(assemble({}, heartbeats, NginxFigures()), SizeIs(200));
}

TEST(Samples, AddUpThePrograms) {
  Overview overview;
  Server server;
  server.site = heartbeat("app1", config::Program::site, 1, 3000);
  server.site->requests = 4;
  server.site->cpu = 0.25;
  server.admin = heartbeat("app1", config::Program::admin, 1, 3001);
  server.admin->requests = 1;
  server.admin->cpu = 0.5;
  overview.servers.push_back(server);
  const Sample sample = sample_of(overview);
  EXPECT_EQ(sample.servers, 1);
  EXPECT_EQ(sample.requests, 5);
  EXPECT_EQ(sample.cpu, 0.75);
  EXPECT_FALSE(sample.p95_ms) << "nobody asked Nginx";
  EXPECT_FALSE(sample.commands) << "Redis is gone";
}

TEST(Samples, WithoutProgramsAreUnknown) {
  const Sample sample = sample_of(Overview());
  EXPECT_EQ(sample.servers, 0);
  EXPECT_FALSE(sample.requests);
}

}  // namespace
}  // namespace ms::servers
