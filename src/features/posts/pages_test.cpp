#include <gmock/gmock.h>

#include <charconv>
#include <random>
#include <thread>

#include "features/posts/store.hpp"
#include "infra/pg/test_database.hpp"

namespace ms::posts {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kBlock = 16384;  // numbers in a row of post_places
constexpr std::int64_t kPlace = 32;     // numbers in one of its places
constexpr const char* kRows = R"(
  insert into users (email, name, password_hash) values ('a@test', '김하늘', ''), ('b@test', '이서준', '');
  insert into boards (slug, name) values ('free', '자유게시판'), ('notice', '공지사항');
)";

std::string ask(const std::string& sql) { return TestDatabase::execute(sql); }
std::string text(std::int64_t value) { return std::to_string(value); }

/// Inserts posts with numbers as posts::store::insert assigns them.
void write(std::int64_t count, std::int64_t board = 1) {
  for (std::int64_t i = 0; i < count; ++i) {
    ask("with next as (update boards set last_number = last_number + 1 where id = " + text(board) +
        " returning last_number) insert into posts (title, author_id, board_id, number) select 'x', 1, " + text(board) +
        ", last_number from next");
  }
}
/// Inserts posts with numbers in any order, as an import does.
void put(std::int64_t from, std::int64_t to, std::int64_t board = 1) {
  ask("insert into posts (title, author_id, board_id, number) select 'x', 1, " + text(board) +
      ", n from generate_series(" + text(from) + ", " + text(to) + ") n on conflict do nothing");
  ask("update boards set last_number = greatest(last_number, " + text(to) + ") where id = " + text(board));
}

class PagesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  void SetUp() override {
    TestDatabase::clear();
    ask(kRows);
    ASSERT_TRUE(pg::run(io, db.ready(std::chrono::steady_clock::now() + 10s)));
  }

  std::vector<store::BoardRow> rows(std::int64_t board, std::int64_t skip) {
    const Call call{std::chrono::steady_clock::now() + 60s, "test"};
    pg::Batch batch = db.batch(call);
    const auto handle =
        skip == 0 ? store::first_page(batch, BoardId{board}) : store::later_page(batch, BoardId{board}, skip);
    pg::run(io, batch.send());
    return handle.all();
  }
  /// Numbers of the lines after the newest `skip`.
  std::vector<std::int64_t> lines(std::int64_t board, std::int64_t skip) {
    std::vector<std::int64_t> out;
    for (const auto& row : rows(board, skip)) {
      if (row.part >= store::BoardRow::line) out.push_back(row.number);
    }
    return out;
  }
  std::vector<store::BoardRow> first_lines(std::int64_t board = 1) {
    auto all = rows(board, 0);
    std::erase_if(all, [](const auto& row) { return row.part < store::BoardRow::line; });
    return all;
  }

  /// Compares every page with all visible numbers in order, from several offsets within a page.
  void expect_plain_pages(std::int64_t board = 1) {
    std::vector<std::int64_t> all;
    const std::string list =
        ask("select coalesce(string_agg(number::text, ' ' order by number desc), '') from posts "
            "where visible and board_id = " +
            text(board));
    const char* const end = list.data() + list.size();
    for (const char* at = list.data(); at < end;) at = std::from_chars(at, end, all.emplace_back()).ptr + 1;
    const auto total = static_cast<std::int64_t>(all.size());
    EXPECT_EQ(rows(board, 0).front().id, total);
    for (std::int64_t skip = 0; skip < total; skip += skip % 3 == 0 ? 1 : kPostsPerPage - 1) {
      const auto from = all.begin() + skip;
      const auto to = all.begin() + std::min(skip + kPostsPerPage, total);
      ASSERT_EQ(lines(board, skip), std::vector<std::int64_t>(from, to)) << "after " << skip << " of " << total;
    }
    EXPECT_THAT(lines(board, total + 1), IsEmpty());
    // The maintained rows equal a recount, except for blocks and places without visible posts.
    ask("create table maintained as select * from post_places; select ms_rebuild_post_places()");
    EXPECT_EQ(ask("select count(*) from post_places p left join maintained k using (board_id, block) where k.before is "
                  "distinct "
                  "from p.before or k.places[1:cardinality(p.places)] <> p.places"),
              "0");
    ask("truncate post_places; insert into post_places select * from maintained; drop table maintained");
  }

  asio::io_context io{1};
  pg::Db db{io, pg::Config{.conninfo = TestDatabase::conninfo("minschool_site"), .fast_connections = 1}};
};

TEST_F(PagesTest, EveryPageEqualsARecount) {
  // Boards that cross a place, a block, and both with gaps in their numbers.
  std::minstd_rand random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same in every run
  for (const std::int64_t start : {std::int64_t{0}, kPlace - 9, kBlock - 70, 3 * kBlock - 40}) {
    TestDatabase::clear();
    ask(kRows);
    put(start + 1, start + 90);
    write(20);
    expect_plain_pages();
    for (int pass = 0; pass < 6; ++pass) {
      const auto within = [&](std::int64_t size) { return static_cast<std::int64_t>(random()) % size; };
      const std::int64_t newest = start + 110 + pass * 20;
      for (int i = 0; i < 12; ++i) {
        const std::string number = text(start + 1 + within(newest - start));
        const char* const what[] = {"deleted_at = now()", "hidden_at = now()", "hidden_at = null", "deleted_at = null"};
        ask(std::string("update posts set ") + what[within(4)] + " where number between " + number + " and " + number +
            " + " + text(within(40)));
      }
      const std::int64_t from = 1 + within(newest);
      put(from, from + 2);  // usually before all others
      write(15);
      expect_plain_pages();
    }
    ask("update posts set hidden_at = now()");
    expect_plain_pages();
    ask("update posts set hidden_at = null, deleted_at = null");
    expect_plain_pages();
  }
}

TEST_F(PagesTest, BoardsDoNotMix) {
  put(kBlock - 30, kBlock + 30, 1);
  put(1, 50, 2);
  ask("update posts set hidden_at = now() where board_id = 2 and number < 20");
  expect_plain_pages(1);
  expect_plain_pages(2);
}

TEST_F(PagesTest, ALaterPageUsesAGenericPlan) {
  // When the generic plan seems more expensive, each page is planned again, which costs four times as much.
  ask("set session_replication_role = replica; "
      "insert into post_counters (post_id, board_id, number, author_id, created_at, notice, visible, author_name, "
      "title) "
      "select b * 1000000 + n, b, n, 1, now(), false, true, '김하늘', '글 ' || n "
      "  from (values (1, 200000), (2, 1000)) s (b, size), generate_series(1, size) n; "
      "update boards set visible_posts = 1000 where id = 2; select ms_rebuild_post_places(); analyze post_counters");
  for (int i = 0; i < 12; ++i) ASSERT_EQ(lines(2, 500).front(), 500);
  constexpr pg::Query kGeneric{"test.generic",
                               "select generic_plans from pg_prepared_statements where name = 'posts.later_page'"};
  const Call call{std::chrono::steady_clock::now() + 60s, "test"};
  pg::Batch batch = db.batch(call);
  const auto generic = batch.add<std::int64_t>(kGeneric);
  pg::run(io, batch.send());
  EXPECT_GT(generic.one().value_or(0), 0);
}

TEST_F(PagesTest, PagesAreExactDuringConcurrentWrites) {
  put(kBlock - 100, kBlock - 20);
  constexpr int kWriters = 5;
  constexpr int kEach = 25;
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([i] {
      for (int n = 0; n < kEach; ++n) {
        write(1);
        const std::string number = text(kBlock - 100 + (n * 37 + i * 11) % 150);
        ask("update posts set hidden_at = case when hidden_at is null then now() end where number = " + number);
      }
    });
  }
  writers.clear();
  EXPECT_EQ(ask("select visible_posts = (select count(*) from posts where visible) from boards where id = 1"), "t");
  expect_plain_pages();
}

TEST_F(PagesTest, ALineShowsAChangeImmediately) {
  write(3);
  ask("update posts set title = '가을 소풍', notice = true where number = 2");
  auto all = rows(1, 0);
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[1].part, store::BoardRow::pinned);
  EXPECT_EQ(all[1].title, "가을 소풍");
  EXPECT_EQ(all[3].part, store::BoardRow::notice_line);
  EXPECT_EQ(all[3].title, "가을 소풍");
  EXPECT_EQ(all[3].author_name, "김하늘");
  EXPECT_EQ(all[3].author, MemberId{1});

  ask("update users set name = '박새봄' where id = 1");
  for (const auto& line : first_lines()) EXPECT_EQ(line.author_name, "박새봄");
  ask("update posts set hidden_at = now() where number = 2");
  EXPECT_THAT(lines(1, 0), ElementsAre(3, 1));
  EXPECT_EQ(rows(1, 0).size(), 3U);  // nor is it pinned above the list
  ask("update posts set hidden_at = null where number = 2");
  EXPECT_THAT(lines(1, 0), ElementsAre(3, 2, 1));
  ask("update posts set deleted_at = now() where number = 3");
  EXPECT_THAT(lines(1, 0), ElementsAre(2, 1));
  ask("insert into comments (post_id, author_id, content, content_html) values (1, 2, 'x', 'x'); "
      "update post_counters set views = views + 7 where post_id = 1");
  EXPECT_EQ(first_lines()[1].comments, 1);
  EXPECT_EQ(first_lines()[1].views, 7);
}

TEST_F(PagesTest, ANameChangeDuringAWriteReachesAllLines) {
  constexpr int kEach = 40;
  std::jthread renaming([] {
    for (int n = 0; n < kEach; ++n) ask("update users set name = '이름" + text(n) + "' where id = 1");
  });
  std::jthread writing([] { write(kEach); });
  renaming.join();
  writing.join();
  EXPECT_EQ(ask("select count(*) from post_counters c join users u on u.id = c.author_id where c.author_name = u.name"),
            text(kEach));
}

}  // namespace
}  // namespace ms::posts
