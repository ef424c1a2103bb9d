#include "features/boards/boards.hpp"

#include <algorithm>

#include "features/audit/audit.hpp"
#include "features/boards/store.hpp"
#include "infra/core/text.hpp"
#include "infra/once/once.hpp"
#include "infra/session/guard.hpp"
#include "infra/web/context.hpp"

namespace ms::boards {
namespace {

constexpr std::size_t kSlugLimit = 50;
constexpr std::size_t kNameLimit = 50;
constexpr std::size_t kDescriptionLimit = 200;
constexpr int kHighestRank = 3;

bool good_slug(std::string_view slug) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !slug.empty() && slug.size() <= kSlugLimit && slug.front() != '-' && std::ranges::all_of(slug, good);
}

bool rank_within(int rank, int lowest) { return rank >= lowest && rank <= kHighestRank; }

Refused no_right() { return refuse(Code::forbidden, "error.forbidden"_msg); }

Refused named(const Error& error) {
  if (error.message.key == "boards.slug_former") {
    return Refused(Error(Code::conflict, "error.invalid"_msg, {{"slug", "boards.slug_former"_msg}}));
  }
  if (error.message.key != "db.boards_slug_key") return Refused(error);
  return Refused(Error(Code::conflict, "error.invalid"_msg, {{"slug", "boards.slug_taken"_msg}}));
}

}  // namespace

void guard(pg::Statements& unit, UserId member, BoardId board, Right right, Msg gone) {
  store::guard(unit, member, board, right, gone);
}

bool Board::readable(const session::Viewer& who) const {
  return who.rank() >= read_role && who.may(session::Permission::read);
}
bool Board::writable(const session::Viewer& who) const {
  return readable(who) && who.rank() >= write_role && who.may(session::Permission::write);
}
bool Board::commentable(const session::Viewer& who) const {
  return readable(who) && who.rank() >= comment_role && who.may(session::Permission::comment);
}

const Board* Directory::find(std::string_view slug) const noexcept {
  const auto found = std::ranges::find(boards_, slug, &Board::slug);
  return found == boards_.end() ? nullptr : &*found;
}
const Board* Directory::find(BoardId id) const noexcept {
  const auto found = std::ranges::find(boards_, id, &Board::id);
  return found == boards_.end() ? nullptr : &*found;
}

const Board* Directory::find_former(std::string_view slug) const noexcept {
  const auto former = std::ranges::lower_bound(former_, slug, {}, &FormerAddress::slug);
  if (former == former_.end() || former->slug != slug || find(slug) != nullptr) return nullptr;
  return find(former->board);
}

std::optional<http::Response> moved(const web::Context& ctx, const Directory& directory) {
  const std::string_view path = ctx.request.path;
  for (const std::string_view above : {"/boards/", "/api/v1/boards/"}) {
    if (!path.starts_with(above)) continue;
    const auto slug = path.substr(above.size(), path.find('/', above.size()) - above.size());
    const Board* board = directory.find_former(slug);
    if (board == nullptr) return std::nullopt;
    if (!board->readable(ctx.viewer)) return std::nullopt;  // as if there were none
    return ctx.moved(std::string(above) + board->slug + std::string(path.substr(above.size() + slug.size())));
  }
  return std::nullopt;
}

Result<void> check(const Draft& draft) {
  std::vector<FieldError> wrong;
  if (!draft.name.pure()) {
    wrong.push_back({"name", "boards.name_characters"_msg});
  } else if (!unicode::visible(draft.name) || code_points(draft.name) > kNameLimit) {
    wrong.push_back({"name", "boards.name_wrong"_msg});
  }
  if (!good_slug(draft.slug)) wrong.push_back({"slug", "boards.slug_wrong"_msg});
  if (!draft.description.pure()) {
    wrong.push_back({"description", "boards.description_characters"_msg});
  } else if (code_points(draft.description) > kDescriptionLimit) {
    wrong.push_back({"description", "boards.description_long"_msg});
  }
  if (!rank_within(draft.read_role, 0)) wrong.push_back({"read_role", "boards.role_wrong"_msg});
  if (!rank_within(draft.write_role, 1)) wrong.push_back({"write_role", "boards.role_wrong"_msg});
  if (!rank_within(draft.comment_role, 1)) wrong.push_back({"comment_role", "boards.role_wrong"_msg});
  if (wrong.empty()) return {};
  return Refused(Error(Code::invalid, "error.invalid"_msg, std::move(wrong)));
}

void Boards::changed() {
  ++changes_;
  fresh_ = false;
}

async<std::shared_ptr<const Directory>> Boards::all(const Call& call) {
  if (auto known = current()) co_return known;
  const auto before = changes_;
  pg::Batch batch = db_.batch(call);
  const auto slot = store::all(batch);
  const auto former = store::former(batch);
  co_await batch.send();
  auto directory = std::make_shared<const Directory>(slot.all(), former.all());
  // A notification that came while the rows were on their way may be about a change that they do not hold yet.
  if (before == changes_) {
    known_ = directory;
    fresh_ = true;
  }
  co_return directory;
}

async<Result<BoardId>> Boards::create(const Call& call, const session::Viewer& who, Draft draft) {
  if (const auto first = once::earlier(call)) co_return BoardId{*first};
  if (!who.may(session::Permission::boards)) co_return no_right();
  if (auto ok = check(draft); !ok) co_return Refused(ok.error());
  pg::Unit unit = db_.unit(call);
  session::guard_permission(unit, who.id, session::Permission::boards);
  store::guard_address(unit, BoardId(), draft.slug);
  const auto slot = store::insert(unit, draft, who.id);
  once::record_id(unit, call, who.id, "boards");
  const auto done = co_await unit.send();
  if (!done) co_return named(done.error());
  co_return slot.one().value();
}

async<Result<void>> Boards::edit(const Call& call, const session::Viewer& who, BoardId id, Draft draft) {
  if (once::earlier(call)) co_return Result<void>();
  if (!who.may(session::Permission::boards)) co_return no_right();
  if (auto ok = check(draft); !ok) co_return Refused(ok.error());
  pg::Unit unit = db_.unit(call);
  session::guard_permission(unit, who.id, session::Permission::boards);
  store::guard_exists(unit, id);
  store::guard_address(unit, id, draft.slug);
  store::update(unit, id, draft);
  audit::record(unit, who.id, "board_edit", {"board", id.value}, "", draft.name);
  once::record(unit, call, who.id);
  const auto done = co_await unit.send();
  if (!done) co_return named(done.error());
  co_return Result<void>();
}

async<Result<void>> Boards::move(const Call& call, const session::Viewer& who, BoardId id, int by) {
  if (once::earlier(call)) co_return Result<void>();
  if (!who.may(session::Permission::boards)) co_return no_right();
  pg::Unit unit = db_.unit(call);
  session::guard_permission(unit, who.id, session::Permission::boards);
  store::guard_exists(unit, id);
  store::move(unit, id, by);
  audit::record(unit, who.id, "board_move", {"board", id.value}, "");
  once::record(unit, call, who.id);
  co_return co_await unit.send();
}

}  // namespace ms::boards
