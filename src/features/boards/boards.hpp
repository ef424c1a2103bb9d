#pragma once
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

// Boards: what there is, and which role may read, write and comment where. Asked on every page, changed rarely, so
// every process keeps the whole directory in memory, exact by PostgreSQL's NOTIFY on the channel "boards".
namespace ms::boards {

struct Board {
  BoardId id;
  std::string slug;
  std::string name;
  std::string description;
  int position = 0;
  int read_role = 0;  ///< lowest roles.rank that may read
  int write_role = 1;
  int comment_role = 1;
  bool on_home = true;       ///< its newest posts stand on the home page
  std::int64_t version = 1;  ///< counts its settings' changes

  /// The board's rank and the role's permission together; writing and commenting need reading.
  bool readable(const session::Viewer& viewer) const;
  bool writable(const session::Viewer& viewer) const;
  bool commentable(const session::Viewer& viewer) const;
};

/// What a board's ranks are asked for.
enum class Right { read, write, comment };
/// Asks inside of the write whether its actor may do this on the board: 404 with `gone` when they may not even read it,
/// 403 when they may not write or comment.
void guard(write::Write& write, BoardId board, Right right, Msg gone);

/// An address that a board had before.
struct FormerAddress {
  std::string slug;
  BoardId board;
};

/// All boards by position. Immutable: a request keeps the one it began with.
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

/// What the Admin's form holds.
struct Draft {
  unicode::Line slug;
  unicode::Line name;
  unicode::Line description;
  int read_role = 0;
  int write_role = 1;
  int comment_role = 1;
  bool on_home = true;
  std::optional<std::int64_t> version = {};  ///< of the settings that were edited; others are not overwritten
};
/// Pure; every wrong field is named.
Result<void> check(const Draft& draft);

class Boards {
 public:
  /// `live`: whether notifications are proven to arrive (pg::Listener::live); without that every call asks PostgreSQL.
  Boards(pg::Db& db, std::function<bool()> live, write::Writer& writer)
      : db_(db), live_(std::move(live)), writer_(writer) {}

  async<std::shared_ptr<const Directory>> all(const Call& call);
  /// The directory as it was last known; may be null, for pages that are shown while PostgreSQL is gone.
  std::shared_ptr<const Directory> last_known() const { return known_; }
  /// The directory as it surely is now, for what cannot wait; null when that is not known without asking.
  std::shared_ptr<const Directory> current() const { return fresh_ && live_() ? known_ : nullptr; }
  /// A notification came, or some may have been missed.
  void changed();

  // Admin; each needs Permission::boards, is in the audit log and seen by every server at once.
  async<Result<BoardId>> create(const Call& call, const session::Viewer& viewer, Draft draft);
  async<Result<void>> edit(const Call& call, const session::Viewer& viewer, BoardId id, Draft draft);
  /// Moves the board one place up (-1) or down (+1).
  async<Result<void>> move(const Call& call, const session::Viewer& viewer, BoardId id, int by);

 private:
  pg::Db& db_;
  std::function<bool()> live_;
  write::Writer& writer_;
  std::shared_ptr<const Directory> known_;
  bool fresh_ = false;
  cache::SingleFlight<std::monostate, std::shared_ptr<const Directory>> loads_;
};

/// The answer to a request below a former address of a board, on pages and in the API: 308 (RFC 9110 15.4.9), so that
/// forms come along, to the same below its address of now. Nothing for other paths, and for who may not read the board.
std::optional<http::Response> moved(const web::Context& ctx, const Directory& directory);

void add_admin_routes(web::Router& router, Boards& boards);
void add_api_routes(web::Router& router, Boards& boards);

}  // namespace ms::boards
