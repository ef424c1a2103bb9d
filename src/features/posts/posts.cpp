#include "features/posts/posts.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "features/audit/audit.hpp"
#include "features/notifications/notify.hpp"
#include "features/posts/store.hpp"
#include "features/topics/topics.hpp"
#include "infra/core/invariant.hpp"
#include "infra/core/text.hpp"
#include "infra/markdown/markdown.hpp"
#include "infra/session/refusals.hpp"
#include "infra/web/context.hpp"
#include "infra/write/write.hpp"

namespace ms::posts {
namespace {

namespace json = boost::json;

constexpr int kRecentPerBoard = 5;
constexpr auto kRecentTtl = std::chrono::seconds(60);
// One list for each rank, because ranks may read different boards; the guests' key keeps the seed's name.
constexpr std::array<const char*, 4> kRecentKeys = {"cache:posts:recent", "cache:posts:recent:member",
                                                    "cache:posts:recent:staff", "cache:posts:recent:admin"};

std::string recent_json(const std::vector<Recent>& posts) {
  json::array out;
  for (const Recent& post : posts) {
    out.push_back(json::object{{"id", post.id.value},
                               {"board", post.board.value},
                               {"title", post.title},
                               {"author", post.author},
                               {"created", post.created.time_since_epoch().count()},
                               {"picture", post.picture.value},
                               {"alt", post.alt}});
  }
  return json::serialize(out);
}

/// Parses the output of recent_json, also of a server of the version before, which had no pictures; throws for anything
/// else, which the pipeline answers and logs.
std::vector<Recent> parse_recent(std::string_view text) {
  std::vector<Recent> out;
  const json::value value = json::parse(text);
  for (const json::value& item : value.as_array()) {
    const json::object& post = item.as_object();
    Recent& one =
        out.emplace_back(PostId{post.at("id").as_int64()}, BoardId{post.at("board").as_int64()},
                         std::string(post.at("title").as_string()), std::string(post.at("author").as_string()),
                         Timestamp(std::chrono::microseconds(post.at("created").as_int64())));
    if (!post.contains("picture")) continue;
    one.picture = files::AttachmentId{post.at("picture").as_int64()};
    one.alt = post.at("alt").as_string();
  }
  return out;
}

async<std::string> load_recent(pg::Db& db, const Call& call, int rank) {
  pg::Batch batch = db.reads(call);
  const auto handle = store::recent(batch, rank, kRecentPerBoard);
  co_await batch.send();
  co_return recent_json(handle.all());
}

/// Distributes the rows of a page to its parts.
void add_rows(Page& page, std::vector<store::BoardRow> rows) {
  page.lines.reserve(kPostsPerPage);
  for (store::BoardRow& row : rows) {
    if (row.part == store::BoardRow::board) {
      page.total = row.id;
      page.newest = row.number;
      page.last = std::max<std::int64_t>(1, (page.total + kPostsPerPage - 1) / kPostsPerPage);
      continue;
    }
    auto& part = row.part == store::BoardRow::pinned ? page.pinned : page.lines;
    part.push_back({PostId{row.id}, row.number, std::move(row.title), row.author, std::move(row.author_name),
                    row.created, row.part != store::BoardRow::line, row.views, row.comments});
  }
}

/// The counters behind a list (post_places) add up to the posts that it shows.
void check_places(const Page& page) {
  const std::int64_t before = (page.number - 1) * kPostsPerPage;
  const std::int64_t expected = std::clamp<std::int64_t>(page.total - before, 0, kPostsPerPage);
  invariant(std::ssize(page.lines) == expected, "a page of a list has another number of lines than its counters say");
}

/// Changes what lists of a board and the home page show.
write::Changes lists_of(BoardId board) {
  return write::Changes::of_topics({topics::board(board)}).with_cache(cache_keys());
}
/// Changes a post and the lists that contain it.
write::Changes changes_of(PostId id, BoardId board) {
  return write::Changes::of_topics({topics::post(id), topics::board(board)}).with_cache(cache_keys());
}

/// Parts of the user agents of programs such as search engines and link previews, in lower case.
constexpr std::array<std::string_view, 14> kRobots = {
    "bot",   "crawl",   "spider",   "slurp", "yeti/", "daumoa", "daumsearch", "facebookexternalhit",
    "scrap", "preview", "headless", "curl/", "wget/", "python-"};
constexpr std::string_view kPhone = "cubot";  // a brand of phones, no robot

bool is_robot(const http::Request& request) {
  // A prefetch before a click is not shown to anybody (Fetch, Sec-Purpose).
  if (request.header("sec-purpose").contains("prefetch") || request.header("purpose") == "prefetch") return true;
  std::string agent = ascii_lower(request.header("user-agent"));
  if (const auto phone = agent.find(kPhone); phone != agent.npos) agent.erase(phone, kPhone.size());
  return std::ranges::any_of(kRobots, [&](std::string_view name) { return agent.contains(name); });
}

/// A visible post that the viewer may read, with the columns of Row, and its board.
template <class Row>
struct Readable {
  Row post;
  std::shared_ptr<const boards::Directory> directory;
  const boards::Board* board;  ///< of the directory, never null
};

template <class Row>
async<Result<Readable<Row>>> look_up(pg::Db& db, boards::Boards& boards, const Call& call,
                                     const session::Viewer& viewer, PostId id,
                                     pg::ResultHandle<Row> (*query)(pg::Statements&, PostId)) {
  auto directory = co_await boards.all(call);
  pg::Batch batch = db.reads(call);
  const auto handle = query(batch, id);
  co_await batch.send();
  auto found = handle.one();
  const boards::Board* board = found ? directory->find(found->board) : nullptr;
  if (auto ok = may_read(viewer, board); !ok) co_return Unexpected(ok.error());
  co_return Readable<Row>{std::move(*found), std::move(directory), board};
}

/// Editing does not need the viewer's like.
pg::ResultHandle<Post> find_to_edit(pg::Statements& out, PostId id) { return store::find(out, id, MemberId()); }

}  // namespace

Result<void> may_read(const session::Viewer& viewer, const boards::Board* board) {
  if (board == nullptr || !board->readable(viewer)) return fail(ErrorCode::not_found, "posts.gone"_msg);
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
  if (draft.attachments) files::check(*draft.attachments, wrong);
  if (wrong.empty()) return {};
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, std::move(wrong)));
}

Result<void> check_shown(const view::SafeHtml& html) {
  if (unicode::visible_html(html.html())) return {};
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, {{"content", "posts.content_nothing"_msg}}));
}

void VersionWithNeighbours::add_neighbours(Reading& to) const {
  to.older = older ? std::optional(Neighbour{older, older_title}) : std::nullopt;
  to.newer = newer ? std::optional(Neighbour{newer, newer_title}) : std::nullopt;
}

Posts::Posts(pg::Db& db, cache::RedisCache& cache, boards::Boards& boards, ViewCounter& views, limit::Limiter& limiter,
             write::Writer& writer)
    : db_(db), cache_(cache), boards_(boards), views_(views), limiter_(limiter), writer_(writer) {}

bool Posts::editable(const session::Viewer& viewer, const boards::Board& board, MemberId author) {
  return viewer.signed_in() && viewer.id == author && board.writable(viewer);
}
bool Posts::removable(const session::Viewer& viewer, MemberId author) {
  return viewer.signed_in() && (viewer.id == author || viewer.may(session::Permission::remove));
}

async<Page> Posts::page(const Call& call, const boards::Board& board, std::int64_t number) {
  constexpr std::int64_t kMaxDistance = INT64_MAX / kPostsPerPage - 1;
  Page page;
  page.number = std::clamp<std::int64_t>(number, 1, kMaxDistance);
  while (true) {
    pg::Batch batch = db_.reads(call);
    const auto rows = page.number == 1 ? store::first_page(batch, board.id)
                                       : store::later_page(batch, board.id, (page.number - 1) * kPostsPerPage);
    co_await batch.send();
    add_rows(page, rows.all());
    if (page.number <= page.last) {
      check_places(page);
      break;
    }
    page.number = page.last;  // beyond the end: gives the last page
  }
  if (board.kind != boards::Kind::list) page.attachments = co_await attachments_of(call, page);
  for (auto* part : {&page.pinned, &page.lines}) {
    for (PostSummary& line : *part) line.views += views_.pending(line.id);
  }
  co_return page;
}

async<std::vector<files::OfPost>> Posts::attachments_of(const Call& call, const Page& page) {
  std::vector<PostId> ids;
  for (const auto* part : {&page.pinned, &page.lines}) {
    for (const PostSummary& line : *part) ids.push_back(line.id);
  }
  pg::Batch batch = db_.reads(call);
  const auto handle = files::of_posts(batch, ids);
  co_await batch.send();
  co_return handle.all();
}

async<Result<PostAccess>> Posts::find(const Call& call, const session::Viewer& viewer, PostId id) {
  const auto found = co_await look_up<PostAccess>(db_, boards_, call, viewer, id, find_access);
  if (!found) co_return Unexpected(found.error());
  add_to_index(id, {found->post.board, found->post.author});
  co_return found->post;
}

async<Result<PostRef>> Posts::find_ref(const Call& call, const session::Viewer& viewer, PostId id) {
  const PostRef* indexed = index_.find(id);
  if (indexed == nullptr) {
    const auto found = co_await find(call, viewer, id);
    if (!found) co_return Unexpected(found.error());
    co_return PostRef{found->board, found->author};
  }
  const PostRef ref = *indexed;
  if (auto ok = co_await readable(call, viewer, ref.board); !ok) co_return Unexpected(ok.error());
  co_return ref;
}

void Posts::add_to_index(PostId id, PostRef ref) {
  if (index_.find(id) == nullptr) index_.put(id, ref);
}

async<Result<Reading>> Posts::read(const Call& call, const session::Viewer& viewer, PostId id) {
  pg::Batch batch = db_.reads(call);
  const auto handle = ask(batch, id, viewer.id);
  co_await batch.send();
  auto reading = result_of(handle);
  if (!reading) co_return fail(ErrorCode::not_found, "posts.gone"_msg);
  if (auto ok = co_await readable(call, viewer, reading->post.board); !ok) co_return Unexpected(ok.error());
  reading->post.views += views_.pending(id);
  co_return std::move(*reading);
}

ReadingHandle Posts::ask(pg::Statements& out, PostId id, MemberId member) {
  return {store::find(out, id, member), store::versions_with_neighbours(out, {id})};
}

std::optional<Reading> Posts::result_of(const ReadingHandle& handle) {
  auto post = handle.post.one();
  if (!post) return std::nullopt;
  add_to_index(post->id, {post->board, post->author});
  Reading out{std::move(*post), {}, {}};
  if (const auto version = handle.version.one()) version->add_neighbours(out);
  return out;
}

async<std::vector<VersionWithNeighbours>> Posts::versions_with_neighbours(const Call& call, std::vector<PostId> at) {
  pg::Batch batch = db_.reads(call);
  const auto handle = store::versions_with_neighbours(batch, at);
  co_await batch.send();
  co_return handle.all();
}

async<std::vector<Version>> Posts::versions(const Call& call, std::vector<PostId> of) {
  pg::Batch batch = db_.reads(call);
  const auto handle = store::versions(batch, of);
  co_await batch.send();
  co_return handle.all();
}

async<Result<void>> Posts::readable(const Call& call, const session::Viewer& viewer, BoardId board) {
  const auto directory = co_await boards_.all(call);
  co_return may_read(viewer, directory->find(board));
}

void Posts::count_view(const web::Context& ctx, PostId id, MemberId author) {
  if (ctx.request.method != http::Method::get || ctx.viewer.id == author || is_robot(ctx.request)) return;
  views_.count(id, ctx.viewer.signed_in() ? std::to_string(ctx.viewer.id.value) : "g" + ctx.viewer.guest);
}

async<Result<Post>> Posts::to_edit(const Call& call, const session::Viewer& viewer, PostId id) {
  auto found = co_await look_up<Post>(db_, boards_, call, viewer, id, find_to_edit);
  if (!found) co_return Unexpected(found.error());
  if (!editable(viewer, *found->board, found->post.author)) co_return session::no_right(viewer);
  co_return std::move(found->post);
}

async<std::vector<Recent>> Posts::recent(const Call& call, int rank) {
  auto load = [this, &call, rank] { return load_recent(db_, call, rank); };
  const std::string text =
      co_await cache_.get(call, kRecentKeys.at(static_cast<std::size_t>(rank)), kRecentTtl, std::move(load));
  co_return parse_recent(text);
}

async<Result<PostId>> Posts::write(const Call& call, const session::Viewer& viewer, const boards::Board& board,
                                   Draft draft) {
  write::Write write = writer_.begin(call, viewer);
  if (const auto first = write.replayed()) co_return PostId{*first};
  if (!board.writable(viewer)) co_return session::no_right(viewer);
  draft.notice = draft.notice && viewer.may(session::Permission::notice);
  if (auto ok = check(draft); !ok) co_return Unexpected(ok.error());
  const auto mentions = co_await notifications::find_mentions(db_, call, draft.content);
  if (!mentions) co_return Unexpected(mentions.error());
  const view::SafeHtml html = markdown::render(draft.content, mentions->links());
  if (auto ok = check_shown(html); !ok) co_return Unexpected(ok.error());
  if (auto ok = mentions->check_unresolved(draft.unresolved); !ok) co_return Unexpected(ok.error());
  if (auto ok = co_await allow(call, viewer, limit::Write::post, std::ssize(mentions->members())); !ok)
    co_return Unexpected(ok.error());
  boards::guard(write, board.id, boards::Right::write, "boards.gone"_msg);
  if (draft.notice) write.guard_permission(session::Permission::notice);
  const auto inserted = store::insert(write, board.id, draft, html);
  if (draft.attachments && !draft.attachments->empty()) {
    const files::DraftKey key{files::DraftKey::Form::write, board.id.value};
    files::attach(write, inserted.id, key, *draft.attachments);
  }
  notifications::post_written(
      write, {.id = inserted.id, .board = board.id, .notice = draft.notice, .mentioned = mentions->members()});
  const auto done = co_await write.commit({.result = inserted.id, .changes = lists_of(board.id)});
  if (!done) co_return Unexpected(done.error());
  co_return inserted.row.one().value();
}

async<Result<void>> Posts::edit(const Call& call, const session::Viewer& viewer, PostId id, Draft draft) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  const auto found = co_await look_up<PostAccess>(db_, boards_, call, viewer, id, find_access);
  if (!found) co_return Unexpected(found.error());
  if (!editable(viewer, *found->board, found->post.author)) co_return session::no_right(viewer);
  draft.notice = draft.notice && viewer.may(session::Permission::notice);
  if (auto ok = check(draft); !ok) co_return ok;
  const auto mentions = co_await notifications::find_mentions(db_, call, draft.content);
  if (!mentions) co_return Unexpected(mentions.error());
  const view::SafeHtml html = markdown::render(draft.content, mentions->links());
  if (auto ok = check_shown(html); !ok) co_return ok;
  if (auto ok = mentions->check_unresolved(draft.unresolved); !ok) co_return ok;
  if (auto ok = co_await allow(call, viewer, limit::Write::edit, std::ssize(mentions->members())); !ok) co_return ok;
  const BoardId board = found->post.board;
  boards::guard(write, board, boards::Right::write, "posts.gone"_msg);
  if (draft.notice) write.guard_permission(session::Permission::notice);
  if (draft.version) store::guard_version(write, id, *draft.version);
  guard_visible(write, id);
  store::update(write, id, draft, html);
  if (draft.attachments) files::attach(write, id, {files::DraftKey::Form::edit, id.value}, *draft.attachments);
  const bool becomes_notice = draft.notice && !found->post.notice;
  notifications::post_written(write,
                              {.id = id, .board = board, .notice = becomes_notice, .mentioned = mentions->members()});
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = changes_of(id, board)});
}

async<Result<void>> Posts::remove(const Call& call, const session::Viewer& viewer, PostId id, std::string reason,
                                  std::optional<std::int64_t> version) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  const auto found = co_await find(call, viewer, id);
  if (!found) co_return Unexpected(found.error());
  if (!removable(viewer, found->author)) co_return session::no_right(viewer);
  const auto given = audit::reason_on_site(reason);
  if (!given) co_return Unexpected(given.error());
  if (auto ok = co_await allow(call, viewer, limit::Write::edit, 0); !ok) co_return ok;
  boards::guard(write, found->board, boards::Right::read, "posts.gone"_msg);
  if (viewer.id != found->author) write.guard_act_of_staff(session::Permission::remove);
  if (version) store::guard_version(write, id, *version);
  guard_visible(write, id);
  store::remove(write, id, viewer.id);
  if (viewer.id != found->author) audit::record_deleted(write, {"post", id.value}, *given);
  notifications::notify(write, notifications::Kind::deleted, {.post = id, .members = {found->author}}, trim(reason));
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = changes_of(id, found->board)});
}

async<Result<void>> Posts::allow(const Call& call, const session::Viewer& viewer, limit::Write what,
                                 std::int64_t mentions) {
  const bool staff = viewer.may(session::Permission::admin);
  if (auto ok = co_await limiter_.allow_write(call, viewer.id, staff, limit::Write::mention, mentions); !ok)
    co_return ok;
  co_return co_await limiter_.allow_write(call, viewer.id, staff, what);
}

std::vector<std::string> cache_keys() { return {kRecentKeys.begin(), kRecentKeys.end()}; }

}  // namespace ms::posts
