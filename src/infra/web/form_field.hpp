#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/core/message.hpp"
#include "infra/http/form.hpp"

namespace ms::web {

/// A submitted form field, kept so that it can be sent again.
struct FormField {
  std::string name;
  std::string value;

  /// The label of a field that a person filled in; such fields are shown. Others stay hidden.
  std::optional<Msg> label() const;
  /// For fields with a label: a single line, not a text.
  bool is_line() const { return name == "title" || name == "name" || name == "slug"; }
};

/// The fields of a form except passwords, which are never shown again.
std::vector<FormField> fields_of(const http::Form& form);

/// The maxlength of a text field, in UTF-16 units. It is far above what is stored, so that a text that is too long
/// fails with the text intact instead of being cut silently. With nine bytes a character in the body ("%EA%B0%80") it
/// stays below the 1 MiB that a server takes.
inline constexpr int kFormFieldLimit = 100'000;

/// A form that lacked a login travels in the login form: each field as kept.NAME, its target as kept_to.
inline constexpr std::string_view kCarriedPrefix = "kept.";
inline constexpr std::string_view kCarriedTarget = "kept_to";
/// The fields that a login form carries, under their own names; empty when it carries none.
std::vector<FormField> carried_fields(const http::Form& form);

/// What an error page shows.
struct ErrorPage {
  int status = 200;
  std::string reason;
  std::string target;                 ///< path and query of the request
  std::vector<FormField> fields;      ///< to be sent again; empty: there were none, or sending them again is of no use
  bool needs_login = false;           ///< nobody is logged in: the page has a login form that carries the fields
  std::string login_returns_to = {};  ///< a login may help: where it returns to; empty: none is offered
  bool foreign_form = false;          ///< the form was on a page of another member
};

}  // namespace ms::web
