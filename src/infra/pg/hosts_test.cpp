#include "infra/pg/hosts.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <optional>

#include "infra/pg/test_database.hpp"

namespace ms::pg {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

async<std::optional<Parameters>> locate(Resolver& resolver, std::string conninfo) {
  const Deadline limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  co_return co_await with_addresses(resolver, Parameters(conninfo, "test"), limit);
}

Parameters located(const std::string& conninfo) {
  asio::io_context io{1};
  Resolver resolver(io);
  auto found = asio::co_spawn(io, locate(resolver, conninfo), asio::use_future);
  io.run();
  return found.get().value();
}

TEST(HostsTest, GivesLibpqAnAddressForEachNameAndLeavesTheRest) {
  const auto mixed = located("host=/run/pg,192.0.2.1,no-such-host.invalid,192.0.2.2 port=1,2,3,4");
  EXPECT_EQ(mixed.get("host"), "/run/pg,192.0.2.1,192.0.2.2");
  EXPECT_EQ(mixed.get("hostaddr"), ",192.0.2.1,192.0.2.2");
  EXPECT_EQ(mixed.get("port"), "1,2,4");
  const auto named = located("host=localhost port=7");
  EXPECT_THAT(named.get("host"), HasSubstr("localhost"));
  EXPECT_THAT(named.get("hostaddr"), testing::AnyOf(HasSubstr("127.0.0.1"), HasSubstr("::1")));
  EXPECT_EQ(named.get("port"), "7");
  EXPECT_EQ(located("dbname=x").get("hostaddr"), "");
  EXPECT_EQ(located("host=name.invalid hostaddr=192.0.2.1").get("hostaddr"), "192.0.2.1");
}

TEST(HostsTest, NamesTheHostWithoutAnAddress) {
  try {
    located("host=no-such-host.invalid");
    FAIL() << "a host without an address";
  } catch (const std::runtime_error& why) { EXPECT_THAT(why.what(), HasSubstr("no-such-host.invalid")); }
}

TEST(HostsTest, EverySessionLetsTheServerDetectADeadClient) {
  const auto options = Parameters("host=db options='-c work_mem=1MB -c tcp_keepalives_idle=60'", "test").get("options");
  for (const char* setting : {"tcp_keepalives_idle=5", "tcp_keepalives_interval=", "tcp_keepalives_count=",
                              "tcp_user_timeout=", "client_connection_check_interval="}) {
    EXPECT_THAT(options, HasSubstr(setting));
  }
  EXPECT_THAT(options, EndsWith("tcp_keepalives_idle=60")) << "what the operator says wins";
  EXPECT_EQ(TestDatabase::execute("show client_connection_check_interval"), "5s");
}

}  // namespace
}  // namespace ms::pg
