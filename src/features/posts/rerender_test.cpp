#include "features/posts/rerender.hpp"

#include <gmock/gmock.h>

#include "infra/markdown/markdown.hpp"
#include "infra/pg/test_database.hpp"

namespace ms::posts {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;

constexpr const char* kRows = R"(
  insert into users (email, name, password_hash, role) values ('a@test', '김하늘', '', 1);
  insert into boards (slug, name) values ('free', '자유게시판');
  insert into posts (title, content, content_html, renderer, author_id, board_id, number, hidden_at, updated_at) values
    ('날짜', '2026. 3. 2. (월)', '<ol start="2026"><li></li></ol>', 1, 1, 1, 1, null, '2026-03-02'),
    ('언급', '@김하늘님께 |a|', '<p><a class="mention" href="/members/7">@김하늘</a>님께</p>', 1, 1, 1, 2, null, null),
    ('숨김', '~~a~~', '', 1, 1, 1, 3, now(), null),
    ('빈 글', null, '', 1, 1, 1, 4, null, null),
    ('새 글', '새', '<p>그대로</p>', 99, 1, 1, 5, null, null);
)";

class RerenderTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  void SetUp() override {
    TestDatabase::clear();
    TestDatabase::execute(kRows);
    ASSERT_TRUE(pg::run(io, db.ready(std::chrono::steady_clock::now() + 10s)));
  }
  async<bool> step_of() {
    const Call call(std::chrono::steady_clock::now() + 10s, "test");
    const jobs::Outcome outcome = co_await rerender(db, call, {rendered_posts()}, cursor);
    cursor = outcome.payload;
    co_return !outcome.done;
  }
  bool step() { return pg::run(io, step_of()); }
  static std::string html(int id) {
    return TestDatabase::execute("select renderer || ' ' || content_html from posts where id = " + std::to_string(id));
  }

  const std::string version = std::to_string(markdown::kRendererVersion);
  const std::string now = version + " ";
  asio::io_context io{1};
  pg::Db db{io, pg::Config{.conninfo = TestDatabase::conninfo() + " options='-c role=minschool_site'"}};
  std::string cursor;
};

TEST_F(RerenderTest, ReplacesHtmlOfAnOlderRenderer) {
  EXPECT_TRUE(step());
  EXPECT_EQ(TestDatabase::execute("select events from post_counters where post_id = 1"),
            "1");  // for who keeps its page
  EXPECT_EQ(html(1), now + "<p>2026. 3. 2. (월)</p>\n");
  EXPECT_EQ(html(2), now + "<p><a class=\"mention\" href=\"/members/7\">@김하늘</a>님께 |a|</p>\n");
  EXPECT_EQ(html(3), "1 ");  // the Site may not change a hidden post
  EXPECT_EQ(html(4), now);
  EXPECT_EQ(html(5), "99 <p>그대로</p>");  // by a newer program that runs beside this one
  EXPECT_FALSE(step());
  TestDatabase::execute("update posts set hidden_at = null where id = 3");
  EXPECT_TRUE(step());  // in the next period
  EXPECT_EQ(html(3), now + "<p><del>a</del></p>\n");
  EXPECT_EQ(TestDatabase::execute("select updated_at::date from posts where id = 1"), "2026-03-02");
  EXPECT_EQ(TestDatabase::execute("select count(*) from notifications"), "0");
}

TEST_F(RerenderTest, ContinuesInBatchesAndSkipsRowsThatCannotBeWritten) {
  TestDatabase::execute(
      "insert into posts (title, content, renderer, author_id, board_id, number)"
      " select 'x', '- ' || n, 0, 1, 1, n from generate_series(10, 34) n");
  TestDatabase::execute(
      "create or replace function refuse() returns trigger language plpgsql as $$ begin return null; end $$;"
      "create trigger refuse before update on posts for each row when (old.id = 1) execute function refuse()");
  int steps = 0;
  while (step()) ++steps;
  TestDatabase::execute("drop trigger refuse on posts");
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(
      TestDatabase::execute("select string_agg(id::text, ',' order by id) from posts where renderer < " + version),
      "1,3");
  EXPECT_TRUE(step());  // in the next period
  EXPECT_EQ(html(1), now + "<p>2026. 3. 2. (월)</p>\n");
}

TEST_F(RerenderTest, HtmlOfThisRendererStays) {
  TestDatabase::execute("update posts set content = '고침', content_html = '<p>고침</p>', renderer = " + version +
                        " where id = 1");
  EXPECT_TRUE(step());
  EXPECT_EQ(html(1), now + "<p>고침</p>");
}

}  // namespace
}  // namespace ms::posts
