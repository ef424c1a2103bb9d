#pragma once
#include <optional>
#include <string>
#include <vector>

#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/web/form_field.hpp"

namespace ms::members {

/// What the form of a login shows.
struct LoginPage {
  std::string next;  ///< where it leads to, a path of ours
  std::string email;
  bool remember = false;
  const Error* error = nullptr;
  std::optional<Timestamp> suspended_until = {};  ///< of the member who was refused for it
  std::string kept_to;                            ///< where what was typed goes after the login
  std::vector<web::FormField> kept;               ///< what was typed in a form that nobody was logged in for
};

}  // namespace ms::members
