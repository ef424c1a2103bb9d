#pragma once
#include <optional>
#include <string>
#include <vector>

#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/web/form_field.hpp"

namespace ms::members {

/// The content of the login form.
struct LoginPage {
  std::string next;  ///< path on this site to go to after the login
  std::string email;
  bool remember = false;
  const Error* error = nullptr;
  std::optional<Timestamp> suspended_until = {};  ///< when the login was refused for a suspension
  std::string carried_target;                     ///< where the carried form goes after the login
  std::vector<web::FormField> carried;            ///< fields of a form that a guest sent and that needs a login
};

}  // namespace ms::members
