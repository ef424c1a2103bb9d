#include "infra/pg/codec.hpp"

#include <gmock/gmock.h>

#include "infra/pg/db.hpp"
#include "infra/pg/test_database.hpp"

namespace ms::pg {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("pg"));

class Codec : public testing::Test {
 protected:
  /// Sends one value to the server and reads it back.
  template <class Out, class In>
  static async<std::vector<Out>> echo(Db& db, Query query, In value) {
    const Call call(std::chrono::steady_clock::now() + 5s, "test");
    Batch batch = db.batch(call);
    const auto handle = batch.template add<Out>(query, value);
    co_await batch.send();
    co_return handle.all();
  }
  template <class Out, class In>
  Out round_trip(Query query, In value) {
    auto rows = run(io_, echo<Out, In>(db_, query, std::move(value)));
    EXPECT_EQ(rows.size(), 1u);
    return rows.at(0);
  }

  asio::io_context io_;
  Db db_{io_, Config{.conninfo = TestDatabase::conninfo(), .fast_connections = 1, .slow_connections = 0}};
};

constexpr Query kText{"echo.text", "select $1::text"};
constexpr Query kBytes{"echo.bytes", "select $1::bytea"};
constexpr Query kSmall{"echo.small", "select $1::int2"};
constexpr Query kInt{"echo.int", "select $1::int4"};
constexpr Query kBig{"echo.big", "select $1::int8"};
constexpr Query kBool{"echo.bool", "select $1::bool"};
constexpr Query kHalf{"echo.half", "select $1::int4 / 2.0::float8"};
constexpr Query kTime{"echo.time", "select $1::timestamptz"};
constexpr Query kMembers{"echo.members", "select m from unnest($1::int8[]) m order by m"};
constexpr Query kMany{"echo.many", "select $1::int8, 'a', null::text, true"};

struct Many {
  PostId post;
  std::string text;
  std::optional<std::string> absent;
  bool yes = false;
};

constexpr Query kHtml{"echo.html", "select $1::text as content_html"};

TEST_F(Codec, HtmlComesOnlyFromHtmlColumns) {
  EXPECT_EQ(round_trip<view::SafeHtml>(kHtml, "<p>글</p>").html(), "<p>글</p>");
  EXPECT_THROW(round_trip<view::SafeHtml>(kText, "<p>글</p>"), std::logic_error);
}

TEST_F(Codec, PreservesTextAndBytes) {
  EXPECT_EQ(round_trip<std::string>(kText, std::string("학교 'quoted' \\ \n")), "학교 'quoted' \\ \n");
  EXPECT_EQ(round_trip<std::string>(kText, ""), "");
  const std::string raw("\0\x01\\\xff'", 5);
  EXPECT_EQ(round_trip<std::string>(kBytes, Bytes{raw}), raw);
  EXPECT_EQ(round_trip<std::optional<std::string>>(kText, std::optional<std::string>()), std::nullopt);
}

TEST_F(Codec, PreservesTheExtremesOfNumbers) {
  EXPECT_EQ(round_trip<std::int64_t>(kSmall, -32768), -32768);
  EXPECT_EQ(round_trip<int>(kInt, -2147483647 - 1), -2147483647 - 1);
  EXPECT_EQ(round_trip<std::int64_t>(kBig, INT64_MIN), INT64_MIN);
  EXPECT_EQ(round_trip<std::int64_t>(kBig, INT64_MAX), INT64_MAX);
  EXPECT_EQ(round_trip<PostId>(kBig, PostId{77}), PostId{77});
  EXPECT_EQ(round_trip<double>(kHalf, -3), -1.5);
  EXPECT_TRUE(round_trip<bool>(kBool, true));
  EXPECT_FALSE(round_trip<bool>(kBool, false));
}

TEST_F(Codec, PreservesTimeToTheMicrosecond) {
  const Timestamp at = std::chrono::sys_days{2026y / 3 / 2} + 5h + 5min + 9s + 123456us;
  const Timestamp before_epochs = std::chrono::sys_days{1950y / 1 / 1} - 1us;
  for (const Timestamp each : {at, before_epochs, Timestamp{}, Timestamp::max(), Timestamp::min()}) {
    EXPECT_EQ(round_trip<Timestamp>(kTime, each), each);
  }
}

TEST_F(Codec, SendsIdsAsAnArray) {
  const std::vector<MemberId> ids{MemberId{3}, MemberId{1}, MemberId{2}};
  EXPECT_THAT(run(io_, echo<MemberId, std::vector<MemberId>>(db_, kMembers, ids)),
              ElementsAre(MemberId{1}, MemberId{2}, MemberId{3}));
  EXPECT_TRUE((run(io_, echo<MemberId, std::vector<MemberId>>(db_, kMembers, {})).empty()));
}

TEST_F(Codec, FillsAStructInTheOrderOfItsFields) {
  const Many row = round_trip<Many>(kMany, PostId{5});
  EXPECT_EQ(row.post, PostId{5});
  EXPECT_EQ(row.text, "a");
  EXPECT_EQ(row.absent, std::nullopt);
  EXPECT_TRUE(row.yes);
}

TEST_F(Codec, RejectsTypesThatDoNotFit) {
  EXPECT_THROW(round_trip<bool>(kBig, 1), std::logic_error);
  EXPECT_THROW(round_trip<int>(kBig, INT64_MAX), std::logic_error);
  EXPECT_THROW(round_trip<std::string>(kText, std::optional<std::string>()), std::logic_error);
  EXPECT_THROW(round_trip<Many>(kText, "too few columns"), std::logic_error);
  EXPECT_THROW(round_trip<std::string>(kMany, 5), std::logic_error);
  EXPECT_THROW(round_trip<std::string>(kText, std::string("a\0b", 3)), std::invalid_argument);
}

}  // namespace
}  // namespace ms::pg
