#pragma once
#include "features/boards/boards.hpp"
#include "infra/core/result.hpp"

// What the Admin's pages of boards show.
namespace ms::boards {

struct AdminList {
  const Directory& directory;
  bool may_change;  ///< Permission::boards
};

struct AdminForm {
  BoardId id;  ///< 0: a new board
  Draft draft;
  std::optional<Error> error;

  const Error* why() const { return error ? &*error : nullptr; }
  std::string action() const { return id ? "/boards/" + std::to_string(id.value) : "/boards/new"; }
};

}  // namespace ms::boards
