#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "features/moderation/moderation.hpp"
#include "infra/web/form_errors.hpp"
#include "infra/web/listing.hpp"

// The data of the Admin's pages of posts and comments.
namespace ms::moderation {

/// A submitted act; with the error when it was refused.
struct FormState {
  std::optional<Act> act;
  std::vector<std::int64_t> chosen;
  std::string reason;
  std::optional<Error> error;

  const Error* why() const { return error ? &*error : nullptr; }
  bool has(std::int64_t id) const { return std::ranges::find(chosen, id) != chosen.end(); }
};

/// What surrounds the rows of both lists.
struct Frame {
  Search search;
  const boards::Directory& boards;
  const session::Viewer& viewer;
  const FormState& form_state;
  std::string path;         ///< "/posts" or "/comments"
  std::string bulk_action;  ///< the action of the form of the checked rows, with the list's filters
  web::PageLinks steps;
  Timestamp now;

  bool may_act() const { return may(viewer, Act::hide) || may(viewer, Act::remove); }
};

/// The acts on the page of one post or comment.
struct Acts {
  std::string path;  ///< "/posts/12"
  State state;
  const session::Viewer& viewer;
  const FormState& form_state;

  bool offers(Act act) const { return fits(state, act) && may(viewer, act); }
  const Error* error(Act act) const { return form_state.act == act ? form_state.why() : nullptr; }
  std::string reason(Act act) const { return form_state.act == act ? form_state.reason : std::string(); }
  /// "reason" for the act that the error summary links to, else an id of its own.
  std::string reason_id(Act act) const {
    return form_state.act == act ? std::string("reason") : std::string(name_of(act)) + "-reason";
  }
};

}  // namespace ms::moderation
