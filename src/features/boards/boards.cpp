#include "features/boards/boards.hpp"

#include <algorithm>

#include "features/audit/audit.hpp"
#include "features/boards/store.hpp"
#include "infra/core/text.hpp"
#include "infra/session/refusals.hpp"
#include "infra/web/context.hpp"
#include "infra/write/write.hpp"

namespace ms::boards {
namespace {

constexpr std::size_t kSlugLimit = 50;
constexpr std::size_t kNameLimit = 50;
constexpr std::size_t kDescriptionLimit = 200;
constexpr int kHighestRank = 3;

bool is_valid_slug(std::string_view slug) {
  const auto is_valid = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !slug.empty() && slug.size() <= kSlugLimit && slug.front() != '-' && std::ranges::all_of(slug, is_valid);
}

bool rank_within(int rank, int lowest) { return rank >= lowest && rank <= kHighestRank; }

/// Names the field of a refused slug.
Unexpected with_field(const Error& error) {
  if (error.message.key == "boards.slug_former") {
    return Unexpected(Error(ErrorCode::conflict, "error.invalid"_msg, {{"slug", "boards.slug_former"_msg}}));
  }
  if (error.message.key != "db.boards_slug_key") return Unexpected(error);
  return Unexpected(Error(ErrorCode::conflict, "error.invalid"_msg, {{"slug", "boards.slug_taken"_msg}}));
}

async<std::shared_ptr<const Directory>> load_directory(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call);
  const auto handle = store::all(batch);
  const auto former = store::former(batch);
  co_await batch.send();
  co_return std::make_shared<const Directory>(handle.all(), former.all());
}

/// Every server caches all boards.
write::Changes changes() { return write::Changes::of_channel("boards"); }

}  // namespace

void guard(write::Write& write, BoardId board, Right right, Msg gone) { store::guard(write, board, right, gone); }

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"list", "gallery", "archive"};
  return kNames.at(static_cast<std::size_t>(kind));
}
std::optional<Kind> kind_of(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, [](Kind kind) { return name_of(kind); });
  return found == kKinds.end() ? std::nullopt : std::optional(*found);
}
Msg word_of(Kind kind) {
  constexpr std::array kWords = {"boards.list"_msg, "boards.gallery"_msg, "boards.archive"_msg};
  return kWords.at(static_cast<std::size_t>(kind));
}
void decode_cell(const pg::Cell& cell, Kind& out) {
  int number = 0;
  pg::decode_cell(cell, number);
  out = static_cast<Kind>(number);
}

bool Board::readable(const session::Viewer& viewer) const {
  return viewer.rank() >= read_role && viewer.may(session::Permission::read);
}
bool Board::writable(const session::Viewer& viewer) const {
  return readable(viewer) && viewer.rank() >= write_role && viewer.may(session::Permission::write);
}
bool Board::commentable(const session::Viewer& viewer) const {
  return readable(viewer) && viewer.rank() >= comment_role && viewer.may(session::Permission::comment);
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
    if (!board->readable(ctx.viewer)) return std::nullopt;  // as if the board did not exist
    return ctx.permanent_redirect(std::string(above) + board->slug +
                                  std::string(path.substr(above.size() + slug.size())));
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
  if (!is_valid_slug(draft.slug)) wrong.push_back({"slug", "boards.slug_wrong"_msg});
  if (!draft.description.pure()) {
    wrong.push_back({"description", "boards.description_characters"_msg});
  } else if (code_points(draft.description) > kDescriptionLimit) {
    wrong.push_back({"description", "boards.description_long"_msg});
  }
  if (!rank_within(draft.read_role, 0)) wrong.push_back({"read_role", "boards.role_wrong"_msg});
  if (!rank_within(draft.write_role, 1)) wrong.push_back({"write_role", "boards.role_wrong"_msg});
  if (!draft.kind) wrong.push_back({"kind", "boards.kind_wrong"_msg});
  if (!rank_within(draft.comment_role, 1)) wrong.push_back({"comment_role", "boards.role_wrong"_msg});
  if (wrong.empty()) return {};
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, std::move(wrong)));
}

void Boards::changed() {
  fresh_ = false;
  loads_.invalidate_all();
}

async<std::shared_ptr<const Directory>> Boards::all(const Call& call) {
  if (auto cached = current()) co_return cached;
  const auto load = [this, &call] { return load_directory(db_, call); };
  if (!live_()) {
    directory_ = co_await load();
    co_return directory_;
  }
  const auto store = [this](const std::shared_ptr<const Directory>& loaded) {
    directory_ = loaded;
    fresh_ = true;
  };
  auto directory = co_await loads_.run(call.deadline(), {}, load, store);
  co_return directory;
}

async<Result<BoardId>> Boards::create(const Call& call, const session::Viewer& viewer, Draft draft) {
  write::Write write = writer_.begin(call, viewer);
  if (const auto first = write.replayed()) co_return BoardId{*first};
  if (!viewer.may(session::Permission::boards)) co_return session::forbidden();
  if (auto ok = check(draft); !ok) co_return Unexpected(ok.error());
  write.guard_act_of_staff(session::Permission::boards);
  store::guard_address(write, BoardId(), draft.slug);
  const auto inserted = store::insert(write, draft);
  const auto done = co_await write.commit({.result = inserted.id, .changes = changes()});
  if (!done) co_return with_field(done.error());
  co_return inserted.row.one().value();
}

async<Result<void>> Boards::edit(const Call& call, const session::Viewer& viewer, BoardId id, Draft draft) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (!viewer.may(session::Permission::boards)) co_return session::forbidden();
  if (auto ok = check(draft); !ok) co_return Unexpected(ok.error());
  write.guard_act_of_staff(session::Permission::boards);
  store::guard_exists(write, id);
  store::guard_address(write, id, draft.slug);
  store::update(write, id, draft);
  audit::record(write, "board_edit", {"board", id.value}, "", draft.name);
  const auto done = co_await write.commit({.result = write::ResultId::none(), .changes = changes()});
  if (!done) co_return with_field(done.error());
  co_return Result<void>();
}

async<Result<void>> Boards::move(const Call& call, const session::Viewer& viewer, BoardId id, int by) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (!viewer.may(session::Permission::boards)) co_return session::forbidden();
  write.guard_act_of_staff(session::Permission::boards);
  store::guard_exists(write, id);
  store::move(write, id, by);
  audit::record(write, "board_move", {"board", id.value}, "");
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = changes()});
}

}  // namespace ms::boards
