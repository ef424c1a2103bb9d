#include "features/moderation/moderation.hpp"

#include <array>

#include "features/moderation/store.hpp"
#include "features/notifications/notify.hpp"
#include "features/posts/posts.hpp"
#include "features/topics/topics.hpp"
#include "infra/core/text.hpp"
#include "infra/session/refusals.hpp"
#include "infra/unicode/unicode.hpp"
#include "infra/write/write.hpp"

namespace ms::moderation {
namespace {

constexpr std::array<std::string_view, 4> kStates = {"visible", "hidden", "deleted", "withdrawn"};
constexpr std::array<Msg, 4> kStateWords = {"moderation.visible"_msg, "moderation.hidden"_msg, "moderation.deleted"_msg,
                                            "moderation.withdrawn"_msg};
constexpr std::array<std::string_view, 3> kActs = {"hide", "restore", "delete"};
constexpr std::array<Msg, 3> kActWords = {"moderation.hide"_msg, "moderation.restore"_msg, "moderation.delete"_msg};

template <class Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

session::Permission permission_of(Act act) {
  return act == Act::remove ? session::Permission::remove : session::Permission::moderate;
}

notifications::Kind kind_of(Act act) {
  if (act == Act::hide) return notifications::Kind::hidden;
  return act == Act::restore ? notifications::Kind::restored : notifications::Kind::deleted;
}

Search normalize(Search search) {
  search.text = shorten(unicode::Line(search.text).text(), kTextLimit);
  search.author = unicode::Line(unicode::narrow(search.author)).text();
  return search;
}

std::vector<live::Topic> topics_of(const std::vector<store::ActResult>& rows) {
  std::vector<live::Topic> out;
  for (const store::ActResult& row : rows) {
    out.push_back(topics::post(row.post));
    if (row.board) out.push_back(topics::board(row.board));
  }
  return out;
}

}  // namespace

std::string_view name_of(State state) { return kStates.at(static_cast<std::size_t>(state)); }
std::optional<State> state_of(std::string_view name) { return parse<State>(kStates, name); }
Msg word_of(State state) { return kStateWords.at(static_cast<std::size_t>(state)); }
std::string_view name_of(Act act) { return kActs.at(static_cast<std::size_t>(act)); }
std::optional<Act> act_of(std::string_view name) { return parse<Act>(kActs, name); }
Msg word_of(Act act) { return kActWords.at(static_cast<std::size_t>(act)); }

bool may(const session::Viewer& viewer, Act act) { return viewer.may(permission_of(act)); }

bool fits(State state, Act act) {
  switch (act) {
    case Act::hide:
      return state == State::visible;
    case Act::restore:
      return state == State::hidden || state == State::deleted;
    case Act::remove:
      return state == State::visible || state == State::hidden;
  }
  return false;
}

std::string PostRow::shown_title() const { return withdrawn ? tr("moderation.withdrawn_post"_msg) : title; }
std::string CommentRow::shown_excerpt() const { return withdrawn ? tr("moderation.withdrawn_comment"_msg) : excerpt; }
std::string CommentRow::shown_post_title() const {
  return post_withdrawn ? tr("moderation.withdrawn_post"_msg) : post_title;
}

async<std::vector<PostRow>> Moderation::posts(const Call& call, const session::Viewer& viewer, Search search) {
  search = normalize(std::move(search));
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto handle = store::posts(batch, viewer.rank(), search, kRowsPerPage + 1);
  co_await batch.send();
  co_return handle.all();
}

async<std::vector<CommentRow>> Moderation::comments(const Call& call, const session::Viewer& viewer, Search search) {
  search = normalize(std::move(search));
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto handle = store::comments(batch, viewer.rank(), search, kRowsPerPage + 1);
  co_await batch.send();
  co_return handle.all();
}

async<std::optional<PostDetail>> Moderation::post(const Call& call, const session::Viewer& viewer, PostId id) {
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto row = store::newest_up_to(batch, viewer.rank(), id);
  const auto text = store::post_text(batch, id);
  const auto history = audit::history(batch, {"post", id.value});
  co_await batch.send();
  auto found = row.one();
  auto content = text.one();
  if (!found || found->id != id || !content) co_return std::nullopt;
  co_return PostDetail{std::move(*found), std::move(content->content_html), std::move(content->board_slug),
                       history.all()};
}

async<std::optional<CommentDetail>> Moderation::comment(const Call& call, const session::Viewer& viewer, CommentId id) {
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto row = store::newest_up_to(batch, viewer.rank(), id);
  const auto text = store::comment_text(batch, id);
  const auto history = audit::history(batch, {"comment", id.value});
  co_await batch.send();
  auto found = row.one();
  auto html = text.one();
  if (!found || found->id != id || !html) co_return std::nullopt;
  co_return CommentDetail{std::move(*found), std::move(*html), history.all()};
}

template <class Id>
async<Result<std::int64_t>> Moderation::carry_out(const Call& call, const session::Viewer& viewer, Act act,
                                                  std::vector<Id> chosen, std::string given_reason) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return static_cast<std::int64_t>(chosen.size());
  if (!may(viewer, act)) co_return session::forbidden();
  const auto reason = audit::reason_of(given_reason);
  if (!reason) co_return Unexpected(reason.error());
  if (chosen.empty()) {
    co_return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, {{"chosen", "moderation.none_chosen"_msg}}));
  }
  write.guard_act_of_staff(permission_of(act));
  const auto changed = store::act(write, act, chosen, *reason);
  notifications::notify_authors(write, kind_of(act), changed.ids, *reason);
  const auto done = co_await write.commit(
      {.result = write::ResultId::none(), .changes = write::Changes::of_results([rows = changed.rows] {
                                                       return topics_of(rows.all());
                                                     }).with_cache(ms::posts::cache_keys())});
  if (!done) co_return Unexpected(done.error());
  co_return std::ssize(changed.rows.all());
}

async<Result<std::int64_t>> Moderation::act(const Call& call, const session::Viewer& viewer, Act act,
                                            std::vector<PostId> posts, std::string reason) {
  return carry_out(call, viewer, act, std::move(posts), std::move(reason));
}

async<Result<std::int64_t>> Moderation::act(const Call& call, const session::Viewer& viewer, Act act,
                                            std::vector<CommentId> comments, std::string reason) {
  return carry_out(call, viewer, act, std::move(comments), std::move(reason));
}

}  // namespace ms::moderation
