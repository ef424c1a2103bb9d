#include "features/notifications/notifications.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "features/notifications/store.hpp"
#include "features/topics/topics.hpp"
#include "infra/core/text.hpp"
#include "infra/live/publisher.hpp"
#include "infra/session/refusals.hpp"
#include "infra/web/context.hpp"
#include "infra/write/write.hpp"

namespace ms::notifications {
namespace {

namespace json = boost::json;

constexpr auto kRedisTtl = std::chrono::seconds(60);
constexpr auto kLocalTtl = std::chrono::seconds(5);
constexpr std::size_t kMaxStateBytes = 3 << 20;  // some 20,000 members
constexpr int kNewest = 50;                      // in Redis, as in the Express program
constexpr std::size_t kKeysPerRoundTrip = 500;   // a notice may notify thousands
constexpr std::size_t kNameLimit = 30;
constexpr limit::Rule kNameQueries{"names", 120, std::chrono::seconds(60)};

std::string key_of(MemberId member) { return "notifications:" + std::to_string(member.value); }

std::size_t heap_bytes(const MemberId&, const State& state) { return state.follows.capacity() * sizeof(BoardId); }

/// "{1,3}", as PostgreSQL writes an array.
std::vector<BoardId> boards_in(std::string_view array) {
  std::vector<BoardId> out;
  for (std::size_t at = 1; at < array.size();) {
    BoardId id;
    const auto [end, error] = std::from_chars(array.data() + at, array.data() + array.size(), id.value);
    if (error != std::errc()) break;
    out.push_back(id);
    at = static_cast<std::size_t>(end - array.data()) + 1;
  }
  return out;
}

/// The value in Redis. The fields for pages come first, so that parsing stops before the list.
std::string newest_json(const std::vector<store::Newest>& rows) {
  json::array items;
  for (const store::Newest& row : rows) {
    if (row.number == 0) break;
    const Kind kind = static_cast<Kind>(row.kind);
    json::object item{{"id", row.number},         {"type", name_of(kind)}, {"message", tr(traits_of(kind).setting)},
                      {"postId", row.post.value}, {"commentId", nullptr},  {"createdAt", rfc3339(*row.at)},
                      {"read", row.read}};
    if (row.comment) item["commentId"] = row.comment.value;
    items.push_back(std::move(item));
  }
  json::array follows;
  for (const BoardId board : boards_in(rows.front().follows)) follows.push_back(board.value);
  return json::serialize(json::object{{"number", rows.front().counted},
                                      {"unread", rows.front().unread},
                                      {"follows", std::move(follows)},
                                      {"items", std::move(items)}});
}

/// Nothing for text that newest_json did not write, because another program may share Redis.
std::optional<State> parse(std::string_view text) {
  const auto items = text.find(",\"items\":");
  if (items == std::string_view::npos) return std::nullopt;
  json::error_code error;
  const json::value head = json::parse(std::string(text.substr(0, items)) + "}", error);
  const json::object* object = error ? nullptr : head.if_object();
  if (object == nullptr) return std::nullopt;
  const auto number = [object](std::string_view name) {
    const json::value* value = object->if_contains(name);
    return value == nullptr ? nullptr : value->if_int64();
  };
  const json::value* follows = object->if_contains("follows");
  if (!number("number") || !number("unread") || follows == nullptr || !follows->is_array()) return std::nullopt;
  State out{*number("number"), *number("unread"), {}};
  for (const json::value& board : follows->get_array()) {
    if (board.is_int64()) out.follows.push_back(BoardId{board.get_int64()});
  }
  return out;
}

async<std::string> load_newest(pg::Db& db, const Call& call, MemberId member) {
  pg::Batch batch = db.batch(call);
  const auto handle = store::newest(batch, member, kNewest);
  co_await batch.send();
  co_return newest_json(handle.all());
}

/// The number of the member's own last act in this browser; an older state is not shown to it.
std::int64_t min_number_of(const http::Request& request) {
  const std::string_view text = request.cookie(kBellCookie).value_or("");
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Notification line_of(store::Row row, const session::Viewer& viewer, const boards::Directory& directory) {
  Notification out{row.number, static_cast<Kind>(row.kind),
                   row.actor,  std::move(row.actor_name),
                   row.post,   row.comment,
                   {},         {},
                   {},         std::move(row.reason),
                   row.at,     row.read};
  const boards::Board* board = directory.find(row.board);
  if (row.post_visible && board != nullptr && board->readable(viewer)) {
    out.post_href = fmt::format("/boards/{}/{}", board->slug, row.post.value);
    if (!row.comment) out.href = out.post_href;
    if (row.comment && row.comment_visible) {
      out.href = fmt::format("{0}?comment={1}#c{1}", out.post_href, row.comment.value);
    }
  }
  // Authors see the title of their own post that staff removed.
  const bool own = by_staff(out.kind) && row.post_author == viewer.id;
  if (own || !out.post_href.empty()) out.title = std::move(row.title);
  return out;
}

}  // namespace

Notifications::Notifications(pg::Db& db, cache::RedisCache& cache, limit::Limiter& limiter, boards::Boards& boards,
                             live::Publisher& publisher, write::Writer& writer)
    : db_(db),
      cache_(cache),
      limiter_(limiter),
      boards_(boards),
      publisher_(publisher),
      writer_(writer),
      states_({.name = "bells", .max_bytes = kMaxStateBytes, .ttl = kLocalTtl, .heap_bytes = heap_bytes}) {
  writer.when_notified(
      [this](const Call& call, std::vector<MemberId> members) { return invalidate(call, std::move(members)); });
}

async<State> Notifications::load(const Call& call, MemberId member, std::int64_t min_number) {
  auto fill = [this, &call, member] { return load_newest(db_, call, member); };
  const std::string cached = co_await cache_.get(call, key_of(member), kRedisTtl, fill);
  if (auto found = parse(cached); found && found->number >= min_number) co_return std::move(*found);
  const std::string fresh = co_await fill();
  co_return parse(fresh).value();
}

async<std::optional<State>> Notifications::state(const Call& call, MemberId member, std::int64_t min_number) {
  if (const State* local = states_.find(member); local != nullptr && local->number >= min_number) co_return *local;
  try {
    const auto load_state = [this, &call, member, min_number] { return load(call, member, min_number); };
    State loaded = co_await states_.load(call, member, load_state);
    // A load that another request started may be older than this member's own act.
    if (loaded.number < min_number) loaded = co_await load(call, member, min_number);
    co_return loaded;
  } catch (const pg::Unavailable&) {
    // The page is shown without the state.
  }
  co_return std::nullopt;
}

async<std::optional<view::Bell>> Notifications::bell(const web::Context& ctx) {
  if (!ctx.viewer.signed_in()) co_return std::nullopt;
  std::optional<State> current;
  if (ctx.request.method == http::Method::get) {
    current = co_await state(ctx.call, ctx.viewer.id, min_number_of(ctx.request));
  } else if (const State* local = states_.find(ctx.viewer.id)) {
    current = *local;  // a write usually redirects, so it is not worth a round trip
  }
  if (!current) co_return view::Bell{ctx.viewer.id, std::nullopt, 0};
  co_return view::Bell{ctx.viewer.id, current->number, current->unread};
}

async<void> Notifications::invalidate(const Call& call, std::vector<MemberId> members) {
  for (const MemberId member : members) states_.invalidate(member);
  for (std::size_t begin = 0; begin < members.size(); begin += kKeysPerRoundTrip) {
    std::vector<std::string> keys;
    for (std::size_t i = begin; i < std::min(members.size(), begin + kKeysPerRoundTrip); ++i) {
      keys.push_back(key_of(members[i]));
      // Not awaited, so that both go to Redis in one write; the publication follows the invalidation.
      publisher_.publish(topics::member(members[i]));
    }
    co_await cache_.invalidate(call, std::move(keys));
  }
}

async<Page> Notifications::page(const Call& call, const session::Viewer& viewer, std::int64_t before) {
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto counts = store::counts(batch, viewer.id);
  const auto handle = store::lines(batch, viewer.id, before > 0 ? before : INT64_MAX, kLinesPerPage + 1);
  co_await batch.send();
  Page out;
  const auto counted = counts.one().value_or(store::Counts());
  out.number = counted.number;
  out.unread = counted.unread;
  auto rows = handle.all();
  out.more = rows.size() > kLinesPerPage;
  if (out.more) rows.pop_back();
  for (store::Row& row : rows) out.lines.push_back(line_of(std::move(row), viewer, *directory));
  co_return out;
}

async<Result<Notification>> Notifications::find(const Call& call, const session::Viewer& viewer, std::int64_t number) {
  if (!viewer.signed_in()) co_return session::login_first();
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto handle = store::line(batch, viewer.id, number);
  co_await batch.send();
  auto row = handle.one();
  if (!row) co_return fail(ErrorCode::not_found, "notifications.gone"_msg);
  co_return line_of(std::move(*row), viewer, *directory);
}

async<Result<std::int64_t>> Notifications::commit_own(write::Write& write, pg::ResultHandle<std::int64_t> number) {
  write.guard_member();
  write.notifies([member = write.actor(), number] {
    return number.one() ? std::vector<MemberId>{member} : std::vector<MemberId>();
  });
  const auto done =
      co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::nothing_shown()});
  if (!done) co_return Unexpected(done.error());
  co_return number.one().value_or(0);
}

async<Result<std::int64_t>> Notifications::read(const Call& call, const session::Viewer& viewer, std::int64_t number) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return 0;
  if (!viewer.signed_in()) co_return session::login_first();
  const auto handle = store::read(write, viewer.id, number);
  co_return co_await commit_own(write, handle);
}

async<Result<std::int64_t>> Notifications::read_all(const Call& call, const session::Viewer& viewer,
                                                    std::int64_t up_to) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return 0;
  if (!viewer.signed_in()) co_return session::login_first();
  const auto handle = store::read_all(write, viewer.id, up_to);
  co_return co_await commit_own(write, handle);
}

async<std::optional<bool>> Notifications::follows(const Call& call, MemberId member, BoardId board) {
  const auto current = co_await state(call, member);
  if (!current) co_return std::nullopt;
  co_return std::ranges::find(current->follows, board) != current->follows.end();
}

async<Settings> Notifications::settings(const Call& call, const session::Viewer& viewer) {
  pg::Batch batch = db_.batch(call);
  const auto handle = store::stored_settings(batch, viewer.id);
  co_await batch.send();
  const auto stored = handle.one().value_or(store::StoredSettings());
  Settings out;
  for (const Kind kind : kSwitches) {
    if ((stored.muted >> mute_bit(kind) & 1) != 0) out.off.push_back(kind);
  }
  out.follows = boards_in(stored.follows);
  out.version = stored.muted;
  co_return out;
}

async<Result<std::int64_t>> Notifications::set(const Call& call, const session::Viewer& viewer, std::vector<Kind> off,
                                               std::optional<std::int64_t> version) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return 0;
  if (!viewer.signed_in()) co_return session::login_first();
  int muted = 0;
  for (const Kind kind : off) muted |= 1 << mute_bit(kind);
  const bool staff = viewer.may(session::Permission::admin);
  if (auto ok = co_await limiter_.allow_write(call, viewer.id, staff, limit::Write::edit); !ok)
    co_return Unexpected(ok.error());
  if (version) store::guard_muted(write, viewer.id, *version);
  store::set_muted(write, viewer.id, muted);
  const auto handle = store::touch(write, viewer.id);
  co_return co_await commit_own(write, handle);
}

async<Result<std::int64_t>> Notifications::follow(const Call& call, const session::Viewer& viewer,
                                                  const boards::Board* board, bool wanted) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return 0;
  if (!viewer.signed_in()) co_return session::login_first();
  if (board == nullptr) co_return fail(ErrorCode::not_found, "boards.gone"_msg);
  if (!board->readable(viewer)) {
    // The member may unfollow a board that has been closed to them; any other closed board does not exist for them.
    const auto followed = co_await follows(call, viewer.id, board->id);
    if (wanted || !followed.value_or(true)) co_return fail(ErrorCode::not_found, "boards.gone"_msg);
  }
  const bool staff = viewer.may(session::Permission::admin);
  if (auto ok = co_await limiter_.allow_write(call, viewer.id, staff, limit::Write::follow); !ok)
    co_return Unexpected(ok.error());
  if (wanted) boards::guard(write, board->id, boards::Right::read, "boards.gone"_msg);
  wanted ? store::follow(write, viewer.id, board->id) : store::unfollow(write, viewer.id, board->id);
  const auto handle = store::touch(write, viewer.id);
  co_return co_await commit_own(write, handle);
}

async<Result<std::vector<Suggestion>>> Notifications::names(const Call& call, const session::Viewer& viewer,
                                                            std::string_view begin) {
  if (!viewer.signed_in()) co_return session::login_first();
  std::vector<Suggestion> out;
  const unicode::Line typed(unicode::narrow(begin));
  if (typed.empty() || !typed.pure() || code_points(typed) > kNameLimit) co_return out;
  if (auto ok = co_await allow_name_query(call, viewer); !ok) co_return Unexpected(ok.error());
  pg::Batch batch = db_.batch(call);
  const auto handle = store::names(batch, typed.text());
  co_await batch.send();
  for (store::NameMatch& member : handle.all()) {
    std::string insert = "@" + markdown::mentionable(member.name);
    if (insert.size() == 1) continue;  // a name without letters cannot follow "@"
    const bool enough = member.alone && insert.size() == 1 + member.name.size();
    if (!enough) insert += "#" + std::to_string(member.id.value);
    out.push_back({member.id, std::move(member.name), std::move(insert)});
  }
  co_return out;
}

async<Result<void>> Notifications::allow_name_query(const Call& call, const session::Viewer& viewer) {
  if (!viewer.signed_in()) co_return session::login_first();
  const bool allowed = co_await limiter_.allow(call, kNameQueries, std::to_string(viewer.id.value));
  if (!allowed) co_return fail(ErrorCode::too_many, "error.too_many"_msg);
  co_return Result<void>();
}

async<std::vector<std::string>> Notifications::unresolved(const Call& call, std::string_view content) {
  const auto mentions = co_await find_mentions(db_, call, content);
  if (!mentions) co_return std::vector<std::string>();  // there are too many, and the form reports that
  co_return mentions->unresolved();
}

async<Result<std::vector<std::string>>> Notifications::unresolved(const Call& call, const session::Viewer& viewer,
                                                                  std::string_view content) {
  if (!content.contains('@')) co_return std::vector<std::string>();
  if (auto ok = co_await allow_name_query(call, viewer); !ok) co_return Unexpected(ok.error());
  co_return co_await unresolved(call, content);
}

}  // namespace ms::notifications
