#pragma once
#include <optional>
#include <string>
#include <vector>

#include "features/members/staff.hpp"
#include "infra/core/result.hpp"
#include "infra/session/viewer.hpp"
#include "infra/web/listing.hpp"

// The content of the Admin's pages about members.
namespace ms::members {

struct AdminList {
  Search search;
  std::vector<MemberRow> members;
  web::PageLinks links;
  Timestamp now;
};

/// A refused form with its values; the page shows that form open again.
struct FormState {
  std::string form;  ///< "role", "suspend" or "lift"; empty: none
  std::optional<Error> error;
  session::Role role = session::Role::member;
  Term term;
  std::string reason;
};

struct AdminMember {
  const MemberDetail& detail;
  const session::Viewer& viewer;
  const FormState& form_state;
  Timestamp now;

  const MemberRow& member() const { return detail.member; }
  bool may_act() const { return viewer.may(session::Permission::members) && Staff::above(viewer, member()); }
  bool may_set_role() const { return viewer.may(session::Permission::roles) && Staff::above(viewer, member()); }
  bool tried(std::string_view form) const { return form_state.form == form; }
  const Error* error(std::string_view form) const {
    return tried(form) && form_state.error ? &*form_state.error : nullptr;
  }
  /// The id of a form's field: its plain name in the form that the error summary links to, else a prefixed one.
  std::string field_id(std::string_view form, std::string_view field) const {
    return tried(form) ? std::string(field) : std::string(form) + "-" + std::string(field);
  }
  std::string reason(std::string_view form) const { return tried(form) ? form_state.reason : std::string(); }
  /// The role that the form preselects.
  session::Role chosen_role() const {
    return tried("role") ? form_state.role : static_cast<session::Role>(member().role);
  }
};

}  // namespace ms::members
