#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/core/message.hpp"
#include "infra/http/form.hpp"

namespace ms::web {

/// A field of a form as it was sent, to be sent again.
struct FormField {
  std::string name;
  std::string value;

  /// What a person wrote has a label, and is seen and kept; the rest goes along unseen.
  std::optional<Msg> label() const;
  /// Of what has a label: one line, not a text.
  bool is_line() const { return name == "title" || name == "name" || name == "slug"; }
};

/// The fields of a form, but for passwords, which are never shown again.
std::vector<FormField> fields_of(const http::Form& form);

/// How much a browser lets one type or paste into a text, in UTF-16 units: far more than is stored, so that what is too
/// long is refused with its text and not cut off unseen; and with every character as nine of its body ("%EA%B0%80")
/// less than the 1 MiB that a server takes.
inline constexpr int kFormFieldLimit = 100'000;

/// A form that was refused goes along with the login that it lacked: each of its fields as kept.NAME, where it was sent
/// as kept_to.
inline constexpr std::string_view kKept = "kept.";
inline constexpr std::string_view kKeptTo = "kept_to";
/// The fields that came along with a login, under their own names; none when the login came alone.
std::vector<FormField> kept_in(const http::Form& form);

/// What a page of refusal shows.
struct Refusal {
  int status = 200;
  std::string reason;
  std::string target;            ///< path and query of the request
  std::vector<FormField> typed;  ///< to be sent again; empty: there was nothing, or there is no use in it
  bool login = false;            ///< nobody is logged in: asks who, and takes what was typed along
  std::string login_to = {};     ///< a login may help: where it leads; empty: none is offered
  bool others = false;           ///< it is about a form of a page of somebody else
};

}  // namespace ms::web
