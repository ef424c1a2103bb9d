#pragma once
#include "features/boards/boards.hpp"
#include "infra/core/result.hpp"

// The data of the Admin's pages of boards.
namespace ms::boards {

struct AdminList {
  std::vector<Board> boards;  ///< those that the viewer may read; all for a viewer who may change them
  bool may_change;            ///< Permission::boards
};

struct AdminForm {
  BoardId id;  ///< 0: a new board
  Draft draft;
  std::optional<Error> error;
  std::optional<Board> theirs = {};  ///< the version that somebody else stored since this form was shown

  const Error* why() const { return error ? &*error : nullptr; }
  std::string action() const { return id ? "/boards/" + std::to_string(id.value) : "/boards/new"; }
};

}  // namespace ms::boards
