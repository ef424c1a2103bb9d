#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "apps/cli/command.hpp"
#include "apps/cli/database.hpp"
#include "apps/cli/demo_plan.hpp"
#include "apps/cli/demo_story.hpp"
#include "apps/cli/password.hpp"
#include "apps/cli/publish.hpp"
#include "features/notifications/kinds.hpp"
#include "infra/core/secret.hpp"
#include "infra/markdown/markdown.hpp"

namespace ms::cli {
namespace {

constexpr std::string_view kPassword = "minschool-demo";
constexpr std::size_t kUnknownBytes = 32;

using demo::Plan;
using demo::Story;
using notifications::Kind;

std::string number(std::size_t value) { return std::to_string(value); }
std::string id_of(std::size_t index) { return number(index + 1); }
std::string rank_of(demo::Role role) { return std::to_string(static_cast<int>(role)); }
std::string kind(notifications::Kind value) { return std::to_string(static_cast<int>(value)); }
std::string flag(bool value) { return value ? "t" : "f"; }

/// The rows of all tables; indexes of the story become ids, which is right in empty tables only.
class Writer {
 public:
  Writer(Database& database, const Plan& plan, const Story& story, Timestamp now)
      : database_(database), plan_(plan), story_(story), now_(now) {}

  void write() {
    people();
    boards();
    posts();
    comments();
    likes("post", story_.post_likes);
    likes("comment", story_.comment_likes);
    notifications();
    for (const char* table : {"users", "boards", "posts", "comments"}) {
      database_.query(
          fmt::format("select setval(pg_get_serial_sequence('{0}', 'id'), (select max(id) from {0}))", table));
    }
  }

 private:
  void people() {
    const auto known_hash = hash_password(kPassword);
    const auto unknown_hash = hash_password(secret::random_text(kUnknownBytes));  // cannot be used to log in
    std::string rows;
    for (std::size_t i = 0; i < plan_.people.size(); ++i) {
      const auto& person = plan_.people[i];
      const auto joined = rfc3339(story_.joined[i]);
      rows += copy_line({id_of(i), person.email, person.known_password ? known_hash : unknown_hash, person.name, joined,
                         rank_of(person.role), joined, joined, rfc3339(now_ - std::chrono::hours(7 * i + 1))});
    }
    database_.copy(
        "copy users (id, email, password_hash, name, created_at, role, terms_agreed_at, privacy_agreed_at, seen_at) "
        "from stdin",
        rows);
  }

  void boards() {
    std::vector<std::size_t> newest(plan_.boards.size());
    for (const auto& post : story_.posts) newest[post.board] = static_cast<std::size_t>(post.number);
    std::string rows;
    for (std::size_t i = 0; i < plan_.boards.size(); ++i) {
      const auto& board = plan_.boards[i];
      rows += copy_line({id_of(i), board.slug, board.name, board.description, id_of(i), rank_of(board.read),
                         rank_of(board.write), rank_of(board.comment), flag(board.on_home), number(newest[i]),
                         rfc3339(story_.joined.front())});
    }
    database_.copy(
        "copy boards (id, slug, name, description, position, read_role, write_role, comment_role, on_home, "
        "last_number, created_at) from stdin",
        rows);
  }

  void posts() {
    std::string rows, ids, views;
    for (std::size_t i = 0; i < story_.posts.size(); ++i) {
      const auto& post = story_.posts[i];
      Database::Row row{id_of(i),
                        post.title,
                        post.text,
                        id_of(post.author),
                        rfc3339(post.at),
                        id_of(post.board),
                        std::to_string(post.number),
                        html(post.text),
                        renderer(),
                        flag(post.notice),
                        {}};
      if (post.edited) row.back() = rfc3339(*post.edited);
      rows += copy_line(row);
      ids += (i == 0 ? "" : ",") + id_of(i);
      views += (i == 0 ? "" : ",") + std::to_string(post.views);
    }
    database_.copy(
        "copy posts (id, title, content, author_id, created_at, board_id, number, content_html, renderer, notice, "
        "updated_at) from stdin",
        rows);
    database_.query(
        "update post_counters c set views = numbers.views from unnest($1::bigint[], $2::bigint[]) as numbers (id, "
        "views) "
        "where c.post_id = numbers.id",
        {"{" + ids + "}", "{" + views + "}"});
  }

  void comments() {
    std::string rows;
    for (std::size_t i = 0; i < story_.comments.size(); ++i) {
      const auto& comment = story_.comments[i];
      Database::Row row{
          id_of(i),   id_of(comment.post), {}, {}, id_of(comment.author), comment.text, html(comment.text),
          renderer(), rfc3339(comment.at), {}};
      if (comment.parent) row[2] = id_of(*comment.parent);
      if (comment.root) row[3] = id_of(*comment.root);
      if (comment.deleted) row.back() = rfc3339(comment.at);
      rows += copy_line(row);
    }
    database_.copy(
        "copy comments (id, post_id, parent_id, root_id, author_id, content, content_html, renderer, created_at, "
        "deleted_at) from stdin",
        rows);
  }

  void likes(std::string_view of, const std::vector<demo::Like>& likes) {
    std::string rows;
    for (const auto& like : likes) rows += copy_line({id_of(like.of), id_of(like.by), rfc3339(like.at)});
    database_.copy(fmt::format("copy {0}_likes ({0}_id, user_id, created_at) from stdin", of), rows);
  }

  /// The notifications of the rows above: every member follows the first board, and has not yet read the last three.
  void notifications() {
    database_.query(
        "insert into board_follows (board_id, user_id) select boards.id, users.id from boards, users "
        "where boards.position = 1 and users.role = 1");
    database_.query(R"(
      with recipients as (
        select r.author_id as member, $1::int as kind, c.author_id as actor, c.post_id, c.id as comment_id, c.created_at
          from comments c join comments r on r.id = c.parent_id
        union all
        select p.author_id, $2::int, c.author_id, c.post_id, c.id, c.created_at
          from comments c join posts p on p.id = c.post_id left join comments r on r.id = c.parent_id
         where r.author_id is distinct from p.author_id
        union all
        select f.user_id, $3::int, p.author_id, p.id, 0, p.created_at
          from posts p join board_follows f on f.board_id = p.board_id where p.notice
        union all
        select p.author_id, $4::int, l.user_id, p.id, 0, l.created_at from post_likes l join posts p on p.id = l.post_id
        union all
        select c.author_id, $4::int, l.user_id, c.post_id, c.id, l.created_at
          from comment_likes l join comments c on c.id = l.comment_id)
      insert into notifications (user_id, number, kind, dedup_key, actor_id, post_id, comment_id, created_at)
      select member, row_number() over (partition by member order by created_at), kind,
             case when kind = $4::int then $5 || ':' || actor else '' end, actor, post_id, comment_id, created_at
        from recipients where member <> actor)",
                    {kind(Kind::reply), kind(Kind::comment), kind(Kind::notice), kind(Kind::like),
                     std::string(name_of(Kind::like))});
    database_.query(R"(
      insert into notification_counts (user_id, number, unread, read_up_to)
      select user_id, max(number), least(max(number), 3), greatest(max(number) - 3, 0)
        from notifications group by user_id)");
  }

  static std::string html(const std::string& text) { return std::string(markdown::render(text).html()); }
  static std::string renderer() { return std::to_string(markdown::kRendererVersion); }

  Database& database_;
  const Plan& plan_;
  const Story& story_;
  Timestamp now_;
};

void load(const Options& options, const std::string& dir) {
  const auto settings = load_settings(options);
  Database database(settings);
  Transaction transaction(database);
  database.query("lock table users, boards in exclusive mode");
  const auto used = database.query("select exists (select from users) or exists (select from boards)");
  if (used[0][0] != "f") {
    throw Failure("this database has members or boards already; demonstration data goes into an empty one only",
                  kRefused);
  }
  const Timestamp at = now();
  const Plan plan = demo::read_plan(dir);
  const Story story = demo::make_story(plan, at);
  Writer(database, plan, story, at).write();
  transaction.commit();
  database.query("analyze");
  publish_everything(settings, database);
  std::cout << fmt::format("Loaded {} members, {} boards, {} posts and {} comments.\n", plan.people.size(),
                           plan.boards.size(), story.posts.size(), story.comments.size());
  for (const auto& person : plan.people) {
    if (person.known_password)
      std::cout << fmt::format("Sign in as {} with the password {}.\n", person.email, kPassword);
  }
}

}  // namespace

void add_demo(CLI::App& app, const Options& options) {
  auto* command = app.add_subcommand("demo", "Demonstration data of a made-up organisation");
  command->require_subcommand(1);
  command->fallthrough();
  auto* loading = command->add_subcommand("load", "Fills an empty, migrated database");
  const auto dir = std::make_shared<std::string>("demo");
  loading->add_option("--dir", *dir, "Folder with people.toml, words.toml and boards/ (default: demo)");
  loading->callback([&options, dir] { load(options, *dir); });
}

}  // namespace ms::cli
