#include "features/posts/posts.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "features/audit/audit.hpp"
#include "features/notifications/causes.hpp"
#include "features/notifications/notifications.hpp"
#include "features/posts/store.hpp"
#include "infra/core/invariant.hpp"
#include "infra/core/text.hpp"
#include "infra/live/hints.hpp"
#include "infra/markdown/markdown.hpp"
#include "infra/once/once.hpp"
#include "infra/session/guard.hpp"
#include "infra/web/context.hpp"

namespace ms::posts {
namespace {

namespace json = boost::json;

constexpr int kRecentEach = 5;
constexpr auto kRecentKept = std::chrono::seconds(60);
// One list a rank, because each may read other boards; a guest's has the seed's name.
constexpr std::array<const char*, 4> kRecentKeys = {"cache:posts:recent", "cache:posts:recent:member",
                                                    "cache:posts:recent:staff", "cache:posts:recent:admin"};

std::string recent_json(const std::vector<Recent>& posts) {
  json::array out;
  for (const Recent& post : posts) {
    out.push_back(json::object{{"id", post.id.value},
                               {"board", post.board.value},
                               {"title", post.title},
                               {"author", post.author},
                               {"created", post.created.time_since_epoch().count()}});
  }
  return json::serialize(out);
}

/// What recent_json wrote; anything else throws, which the pipeline answers and logs.
std::vector<Recent> parse_recent(std::string_view text) {
  std::vector<Recent> out;
  const json::value value = json::parse(text);
  for (const json::value& item : value.as_array()) {
    const json::object& post = item.as_object();
    out.push_back({PostId{post.at("id").as_int64()}, BoardId{post.at("board").as_int64()},
                   std::string(post.at("title").as_string()), std::string(post.at("author").as_string()),
                   Timestamp(std::chrono::microseconds(post.at("created").as_int64()))});
  }
  return out;
}

async<std::string> load_recent(pg::Db& db, const Call& call, int rank) {
  pg::Batch batch = db.reads(call);
  const auto slot = store::recent(batch, rank, kRecentEach);
  co_await batch.send();
  co_return recent_json(slot.all());
}

/// Puts the rows of a page where they belong.
void sort_in(Page& page, std::vector<store::Listed> rows) {
  page.lines.reserve(kPostsPerPage);
  for (store::Listed& row : rows) {
    if (row.part == store::Listed::board) {
      page.total = row.id;
      page.newest = row.number;
      page.last = std::max<std::int64_t>(1, (page.total + kPostsPerPage - 1) / kPostsPerPage);
      continue;
    }
    auto& part = row.part == store::Listed::pinned ? page.pinned : page.lines;
    part.push_back({PostId{row.id}, row.number, std::move(row.title), row.author, std::move(row.author_name),
                    row.created, row.part != store::Listed::line, row.views, row.comments});
  }
}

/// The counters behind a list (post_places) add up to the posts that it shows.
void check_places(const Page& page) {
  const std::int64_t before = (page.number - 1) * kPostsPerPage;
  const std::int64_t expected = std::clamp<std::int64_t>(page.total - before, 0, kPostsPerPage);
  invariant(std::ssize(page.lines) == expected, "a page of a list has another number of lines than its counters say");
}

Refused no_right(const session::Viewer& who) {
  if (!who.signed_in()) return refuse(Code::unauthenticated, "error.unauthenticated"_msg);
  return refuse(Code::forbidden, "error.forbidden"_msg);
}

/// What programs that read pages by themselves call themselves, in lower case; search engines and previews of links.
constexpr std::array<std::string_view, 14> kRobots = {
    "bot",   "crawl",   "spider",   "slurp", "yeti/", "daumoa", "daumsearch", "facebookexternalhit",
    "scrap", "preview", "headless", "curl/", "wget/", "python-"};
constexpr std::string_view kPhone = "cubot";  // a maker of phones

bool is_robot(const http::Request& request) {
  // A browser that fetches ahead of a click shows it to nobody (Fetch, Sec-Purpose).
  if (request.header("sec-purpose").contains("prefetch") || request.header("purpose") == "prefetch") return true;
  std::string agent = ascii_lower(request.header("user-agent"));
  if (const auto phone = agent.find(kPhone); phone != agent.npos) agent.erase(phone, kPhone.size());
  return std::ranges::any_of(kRobots, [&](std::string_view name) { return agent.contains(name); });
}

/// A visible post that somebody may read, as much of it as the caller asked for, and its board.
template <class Row>
struct Readable {
  Row post;
  std::shared_ptr<const boards::Directory> directory;
  const boards::Board* board;  ///< of the directory, never null
};

template <class Row>
async<Result<Readable<Row>>> look_up(pg::Db& db, boards::Boards& boards, const Call& call, const session::Viewer& who,
                                     PostId id, pg::Slot<Row> (*query)(pg::Statements&, PostId)) {
  auto directory = co_await boards.all(call);
  pg::Batch batch = db.reads(call);
  const auto slot = query(batch, id);
  co_await batch.send();
  auto found = slot.one();
  const boards::Board* board = found ? directory->find(found->board) : nullptr;
  if (auto ok = may_read(who, board); !ok) co_return Refused(ok.error());
  co_return Readable<Row>{std::move(*found), std::move(directory), board};
}

/// Who edits does not ask about likes.
pg::Slot<Post> find_to_edit(pg::Statements& out, PostId id) { return store::find(out, id, UserId()); }

}  // namespace

Result<void> may_read(const session::Viewer& who, const boards::Board* board) {
  if (board == nullptr || !board->readable(who)) return refuse(Code::not_found, "posts.gone"_msg);
  return {};
}

Result<void> check(const Draft& draft) {
  std::vector<FieldError> wrong;
  const auto title = code_points(draft.title);
  if (!draft.title.pure()) {
    wrong.push_back({"title", "posts.title_characters"_msg});
  } else if (!unicode::visible(draft.title)) {
    wrong.push_back({"title", "posts.title_empty"_msg});
  }
  if (title > kTitleLimit) wrong.push_back({"title", "posts.title_long"_msg});
  if (!unicode::visible(draft.content)) wrong.push_back({"content", "posts.content_empty"_msg});
  if (code_points(draft.content) > kContentLimit) wrong.push_back({"content", "posts.content_long"_msg});
  if (!draft.content.pure()) wrong.push_back({"content", "posts.content_control"_msg});
  if (wrong.empty()) return {};
  return Refused(Error(Code::invalid, "error.invalid"_msg, std::move(wrong)));
}

Result<void> check_shown(const view::SafeHtml& html) {
  if (unicode::visible_html(html.html())) return {};
  return Refused(Error(Code::invalid, "error.invalid"_msg, {{"content", "posts.content_nothing"_msg}}));
}

Posts::Posts(pg::Db& db, cache::Cache& cache, boards::Boards& boards, notifications::Notifications& notifications,
             ViewCounter& views, live::Hints& hints, limit::Limiter& limiter)
    : db_(db),
      cache_(cache),
      boards_(boards),
      notifications_(notifications),
      views_(views),
      hints_(hints),
      limiter_(limiter) {}

bool Posts::editable(const session::Viewer& who, const boards::Board& board, UserId author) {
  return who.signed_in() && who.id == author && board.writable(who);
}
bool Posts::removable(const session::Viewer& who, UserId author) {
  return who.signed_in() && (who.id == author || who.may(session::Permission::remove));
}

async<Page> Posts::page(const Call& call, const boards::Board& board, std::int64_t number) {
  constexpr std::int64_t kFarthest = INT64_MAX / kPostsPerPage - 1;
  Page page;
  page.number = std::clamp<std::int64_t>(number, 1, kFarthest);
  while (true) {
    pg::Batch batch = db_.reads(call);
    const auto rows = page.number == 1 ? store::first_page(batch, board.id)
                                       : store::later_page(batch, board.id, (page.number - 1) * kPostsPerPage);
    co_await batch.send();
    sort_in(page, rows.all());
    if (page.number <= page.last) {
      check_places(page);
      break;
    }
    page.number = page.last;  // asked beyond the end: the last page is what there is
  }
  for (auto* part : {&page.pinned, &page.lines}) {
    for (Line& line : *part) line.views += views_.pending(line.id);
  }
  co_return page;
}

async<Result<Gate>> Posts::find(const Call& call, const session::Viewer& who, PostId id) {
  const auto found = co_await look_up<Gate>(db_, boards_, call, who, id, gate);
  if (!found) co_return Refused(found.error());
  origins_.learn(id, {found->post.board, found->post.author});
  co_return found->post;
}

async<Result<Origin>> Posts::origin(const Call& call, const session::Viewer& who, PostId id) {
  const auto known = origins_.find(id);
  if (!known) {
    const auto found = co_await find(call, who, id);
    if (!found) co_return Refused(found.error());
    co_return Origin{found->board, found->author};
  }
  if (auto ok = co_await readable(call, who, known->board); !ok) co_return Refused(ok.error());
  co_return *known;
}

async<Result<Reading>> Posts::read(const Call& call, const session::Viewer& who, PostId id) {
  auto reading = co_await load(call, id, who.id);
  if (!reading) co_return refuse(Code::not_found, "posts.gone"_msg);
  if (auto ok = co_await readable(call, who, reading->post.board); !ok) co_return Refused(ok.error());
  reading->post.views += views_.pending(id);
  co_return std::move(*reading);
}

async<std::optional<Reading>> Posts::load(const Call& call, PostId id, UserId reader) {
  pg::Batch batch = db_.reads(call);
  const auto post = store::find(batch, id, reader);
  const auto older = store::older(batch, id);
  const auto newer = store::newer(batch, id);
  co_await batch.send();
  auto found = post.one();
  if (!found) co_return std::nullopt;
  origins_.learn(id, {found->board, found->author});
  co_return Reading{std::move(*found), older.one(), newer.one()};
}

async<Result<void>> Posts::readable(const Call& call, const session::Viewer& who, BoardId board) {
  const auto directory = co_await boards_.all(call);
  co_return may_read(who, directory->find(board));
}

void Posts::count_reader(const web::Context& ctx, PostId id, UserId author) {
  if (ctx.request.method != http::Method::get || ctx.viewer.id == author || is_robot(ctx.request)) return;
  views_.count(id, ctx.viewer.signed_in() ? std::to_string(ctx.viewer.id.value) : "g" + ctx.viewer.guest);
}

async<Result<Post>> Posts::to_edit(const Call& call, const session::Viewer& who, PostId id) {
  auto found = co_await look_up<Post>(db_, boards_, call, who, id, find_to_edit);
  if (!found) co_return Refused(found.error());
  if (!editable(who, *found->board, found->post.author)) co_return no_right(who);
  co_return std::move(found->post);
}

async<std::vector<Recent>> Posts::recent(const Call& call, int rank) {
  auto fill = [this, &call, rank] { return load_recent(db_, call, rank); };
  const std::string text =
      co_await cache_.get(call, kRecentKeys.at(static_cast<std::size_t>(rank)), kRecentKept, std::move(fill));
  co_return parse_recent(text);
}

async<Result<PostId>> Posts::write(const Call& call, const session::Viewer& who, const boards::Board& board,
                                   Draft draft) {
  if (const auto first = once::earlier(call)) co_return PostId{*first};
  if (!board.writable(who)) co_return no_right(who);
  draft.notice = draft.notice && who.may(session::Permission::notice);
  if (auto ok = check(draft); !ok) co_return Refused(ok.error());
  const auto mentions = co_await notifications::find_mentions(db_, call, draft.content);
  if (!mentions) co_return Refused(mentions.error());
  const view::SafeHtml html = markdown::render(draft.content, mentions->links());
  if (auto ok = check_shown(html); !ok) co_return Refused(ok.error());
  if (auto ok = mentions->check_unresolved(draft.unresolved); !ok) co_return Refused(ok.error());
  if (auto ok = co_await allow(call, who, limit::Write::post, std::ssize(mentions->members())); !ok)
    co_return Refused(ok.error());
  pg::Unit unit = db_.unit(call);
  boards::guard(unit, who.id, board.id, boards::Right::write, "boards.gone"_msg);
  if (draft.notice) session::guard_permission(unit, who.id, session::Permission::notice);
  const auto slot = store::insert(unit, board.id, who.id, draft, html);
  once::record_id(unit, call, who.id, "posts");
  const auto told = notifications::post_written(
      unit, {.author = who.id, .board = board.id, .notice = draft.notice, .mentioned = mentions->members()});
  const auto done = co_await unit.send();
  if (!done) co_return Refused(done.error());
  hints_.tell({'b', board.id.value});
  co_await drop_caches(cache_, call);
  co_await notifications_.told(call, told.all());
  co_return slot.one().value();
}

async<Result<void>> Posts::edit(const Call& call, const session::Viewer& who, PostId id, Draft draft) {
  if (once::earlier(call)) co_return Result<void>();
  const auto found = co_await look_up<Gate>(db_, boards_, call, who, id, gate);
  if (!found) co_return Refused(found.error());
  if (!editable(who, *found->board, found->post.author)) co_return no_right(who);
  draft.notice = draft.notice && who.may(session::Permission::notice);
  if (auto ok = check(draft); !ok) co_return ok;
  const auto mentions = co_await notifications::find_mentions(db_, call, draft.content);
  if (!mentions) co_return Refused(mentions.error());
  const view::SafeHtml html = markdown::render(draft.content, mentions->links());
  if (auto ok = check_shown(html); !ok) co_return ok;
  if (auto ok = mentions->check_unresolved(draft.unresolved); !ok) co_return ok;
  if (auto ok = co_await allow(call, who, limit::Write::edit, std::ssize(mentions->members())); !ok) co_return ok;
  pg::Unit unit = db_.unit(call);
  boards::guard(unit, who.id, found->post.board, boards::Right::write, "posts.gone"_msg);
  if (draft.notice) session::guard_permission(unit, who.id, session::Permission::notice);
  if (draft.version) store::guard_version(unit, id, *draft.version);
  guard_visible(unit, id);
  store::update(unit, id, draft, html);
  once::record(unit, call, who.id);
  const auto told = notifications::post_written(unit, {.id = id,
                                                       .author = who.id,
                                                       .board = found->post.board,
                                                       .notice = draft.notice && !found->post.notice,
                                                       .mentioned = mentions->members()});
  const auto done = co_await unit.send();
  if (!done) co_return done;
  tell(id, found->post.board);
  co_await drop_caches(cache_, call);
  co_await notifications_.told(call, told.all());
  co_return done;
}

async<Result<void>> Posts::remove(const Call& call, const session::Viewer& who, PostId id, std::string reason,
                                  std::optional<std::int64_t> version) {
  if (once::earlier(call)) co_return Result<void>();
  const auto found = co_await find(call, who, id);
  if (!found) co_return Refused(found.error());
  if (!removable(who, found->author)) co_return no_right(who);
  const auto given = audit::reason_on_site(reason);
  if (!given) co_return Refused(given.error());
  if (auto ok = co_await allow(call, who, limit::Write::edit, 0); !ok) co_return ok;
  pg::Unit unit = db_.unit(call);
  boards::guard(unit, who.id, found->board, boards::Right::read, "posts.gone"_msg);
  if (who.id != found->author) session::guard_permission(unit, who.id, session::Permission::remove);
  if (version) store::guard_version(unit, id, *version);
  guard_visible(unit, id);
  store::remove(unit, id, who.id);
  if (who.id != found->author) audit::record_deleted(unit, who.id, {"post", id.value}, *given);
  once::record(unit, call, who.id);
  const auto told = notifications::deleted_by_staff(unit, who.id, found->author, id, CommentId(), trim(reason));
  const auto done = co_await unit.send();
  if (!done) co_return done;
  tell(id, found->board);
  co_await drop_caches(cache_, call);
  co_await notifications_.told(call, told.all());
  co_return done;
}

async<Result<void>> Posts::allow(const Call& call, const session::Viewer& who, limit::Write what,
                                 std::int64_t mentions) {
  const bool staff = who.may(session::Permission::admin);
  if (auto ok = co_await limiter_.allow_write(call, who.id, staff, limit::Write::mention, mentions); !ok) co_return ok;
  co_return co_await limiter_.allow_write(call, who.id, staff, what);
}

void Posts::tell(PostId id, BoardId board) {
  hints_.tell({'p', id.value});
  hints_.tell({'b', board.value});
}

std::vector<std::string> cache_keys() { return {kRecentKeys.begin(), kRecentKeys.end()}; }

async<void> drop_caches(cache::Cache& cache, const Call& call) { co_await cache.drop(call, cache_keys()); }

}  // namespace ms::posts
