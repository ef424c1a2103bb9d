#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "infra/cache/single_flight.hpp"
#include "infra/core/id.hpp"
#include "infra/core/result.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/unicode/unicode.hpp"
#include "infra/web/router.hpp"
#include "infra/write/write.hpp"

// Boards, and which role may read, write and comment where. Every page reads them and they change rarely, so every
// thread caches the whole directory, kept exact by PostgreSQL's NOTIFY on the channel "boards".
namespace ms::boards {

/// How a board shows its posts.
enum class Kind : int {
  list = 0,     ///< titles
  gallery = 1,  ///< cards with the first picture of each post (활동갤러리)
  archive = 2,  ///< titles with the files of each post (자료실)
};
/// "list", "gallery", "archive": in forms and the API.
std::string_view name_of(Kind kind);
std::optional<Kind> kind_of(std::string_view name);
/// Its name in texts.
Msg word_of(Kind kind);
inline constexpr std::array kKinds{Kind::list, Kind::gallery, Kind::archive};
void decode_cell(const pg::Cell& cell, Kind& out);

struct Board {
  BoardId id;
  std::string slug;
  std::string name;
  std::string description;
  int position = 0;
  int read_role = 0;  ///< lowest roles.rank that may read
  int write_role = 1;
  int comment_role = 1;
  bool on_home = true;       ///< the home page shows its newest posts
  std::int64_t version = 1;  ///< counts the changes of its settings
  Kind kind = Kind::list;

  /// The board's rank and the role's permission together; writing and commenting need reading.
  bool readable(const session::Viewer& viewer) const;
  bool writable(const session::Viewer& viewer) const;
  bool commentable(const session::Viewer& viewer) const;
};

/// The rights that a board's ranks decide.
enum class Right { read, write, comment };
/// Checks inside the write whether its actor has the right on the board: 404 with `gone` when the actor may not read
/// it, 403 when the actor may not write or comment.
void guard(write::Write& write, BoardId board, Right right, Msg gone);

/// An address that a board had before.
struct FormerAddress {
  std::string slug;
  BoardId board;
};

/// All boards by position. Immutable: a request uses the directory that it began with.
class Directory {
 public:
  explicit Directory(std::vector<Board> boards, std::vector<FormerAddress> former = {})
      : boards_(std::move(boards)), former_(std::move(former)) {}
  const std::vector<Board>& all() const noexcept { return boards_; }
  const Board* find(std::string_view slug) const noexcept;
  const Board* find(BoardId id) const noexcept;
  /// The board that had this address before, when no board has it now.
  const Board* find_former(std::string_view slug) const noexcept;

 private:
  std::vector<Board> boards_;
  std::vector<FormerAddress> former_;  // by slug
};

/// The content of the Admin's form.
struct Draft {
  unicode::Line slug;
  unicode::Line name;
  unicode::Line description;
  int read_role = 0;
  int write_role = 1;
  int comment_role = 1;
  bool on_home = true;
  std::optional<Kind> kind = Kind::list;     ///< none: no such kind
  std::optional<std::int64_t> version = {};  ///< the version that was edited; no other version is overwritten
};
/// Pure; names every wrong field.
Result<void> check(const Draft& draft);

class Boards {
 public:
  /// `live`: whether notifications are confirmed to arrive (pg::Listener::live); otherwise every call reads PostgreSQL.
  Boards(pg::Db& db, std::function<bool()> live, write::Writer& writer)
      : db_(db), live_(std::move(live)), writer_(writer) {}

  async<std::shared_ptr<const Directory>> all(const Call& call);
  /// The latest directory that was read; may be null. For pages without PostgreSQL.
  std::shared_ptr<const Directory> last_read() const { return directory_; }
  /// The directory when it is certainly current, for callers that cannot wait; otherwise null.
  std::shared_ptr<const Directory> current() const { return fresh_ && live_() ? directory_ : nullptr; }
  /// Call it when a notification came, or some may have been missed.
  void changed();

  // For the Admin; each needs Permission::boards, is in the audit log, and reaches every server immediately.
  async<Result<BoardId>> create(const Call& call, const session::Viewer& viewer, Draft draft);
  async<Result<void>> edit(const Call& call, const session::Viewer& viewer, BoardId id, Draft draft);
  /// Moves the board one place up (-1) or down (+1).
  async<Result<void>> move(const Call& call, const session::Viewer& viewer, BoardId id, int by);

 private:
  pg::Db& db_;
  std::function<bool()> live_;
  write::Writer& writer_;
  std::shared_ptr<const Directory> directory_;
  bool fresh_ = false;
  cache::SingleFlight<std::monostate, std::shared_ptr<const Directory>> loads_;
};

/// The response to a request below a former address of a board, on pages and in the API: 308 (RFC 9110 15.4.9), which
/// preserves forms, to the current address. Nothing for other paths, and when the viewer may not read the board.
std::optional<http::Response> moved(const web::Context& ctx, const Directory& directory);

void add_admin_routes(web::Router& router, Boards& boards);
void add_api_routes(web::Router& router, Boards& boards);

}  // namespace ms::boards
