#include <fmt/format.h>

#include <algorithm>

#include "infra/web/context.hpp"
#include "infra/web/error.html.hpp"
#include "infra/web/form_field.hpp"

namespace ms::web {
namespace {

bool is_secret(std::string_view name) { return name.contains("password") || name == "current"; }

bool has_text(const std::vector<FormField>& typed) {
  return std::ranges::any_of(typed, [](const FormField& field) { return field.label() && !field.value.empty(); });
}

/// Whether the same act may go well when it is sent again although nothing was typed.
bool is_for_later(ErrorCode code) {
  return code == ErrorCode::unauthenticated || code == ErrorCode::too_many || code == ErrorCode::internal ||
         code == ErrorCode::unavailable;
}

/// From now on it is this member's.
void give_to(MemberId member, std::vector<FormField>& typed) {
  for (FormField& field : typed) {
    if (field.name == "member") field.value = std::to_string(member.value);
  }
}

http::Response refusal_page(const Context& ctx, const Refusal& refusal) {
  return ctx.page(
      {tr(Msg{fmt::format("error.title_{}", refusal.status)})}, [&](view::Out& out) { error_page(out, refusal); },
      refusal.status);
}

}  // namespace

std::optional<Msg> FormField::label() const {
  if (name == "title") return "error.field_title"_msg;
  if (name == "content") return "error.field_content"_msg;
  if (name == "reason") return "error.field_reason"_msg;
  if (name == "description") return "error.field_description"_msg;
  if (name == "name") return "error.field_name"_msg;
  if (name == "slug") return "error.field_slug"_msg;
  return std::nullopt;
}

std::vector<FormField> fields_of(const http::Form& form) {
  std::vector<FormField> out;
  for (const auto& [name, value] : form.pairs()) {
    if (!is_secret(name)) out.push_back({name, value});
  }
  return out;
}

std::vector<FormField> kept_in(const http::Form& form) {
  std::vector<FormField> out;
  for (const auto& [name, value] : form.pairs()) {
    if (name.starts_with(kKept) && !is_secret(name)) out.push_back({name.substr(kKept.size()), value});
  }
  return out;
}

http::Response Context::error_response(const Error& error, bool keep_typed) const {
  if (is_api()) return problem(error);
  const bool guest = error.code == ErrorCode::unauthenticated;
  if (guest && http::is_safe(request.method)) return to_login();
  Refusal refusal;
  refusal.status = static_cast<int>(error.code);
  refusal.reason = tr(error.message);
  refusal.target = local_path(request.target);
  if (keep_typed && request.method == http::Method::post) {
    if (const auto sent = form()) refusal.typed = fields_of(*sent);
    if (!is_for_later(error.code) && !has_text(refusal.typed)) refusal.typed.clear();
    if (viewer.signed_in()) give_to(viewer.id, refusal.typed);
    // What is closed to guests is not told apart from what is not there.
    refusal.login = guest || (error.code == ErrorCode::not_found && !viewer.signed_in() && !refusal.typed.empty());
  } else if (error.code == ErrorCode::not_found && !viewer.signed_in() && http::is_safe(request.method)) {
    refusal.login_to = request.target;
  }
  http::Response response = refusal_page(*this, refusal);
  set_retry_after(response, error);
  return response;
}

http::Response Context::stale_form_response() const {
  Refusal refusal;
  refusal.status = static_cast<int>(ErrorCode::conflict);
  refusal.reason = tr("error.other_member"_msg, {{"name", viewer.name}});
  refusal.target = local_path(request.target);
  if (const auto sent = form()) refusal.typed = fields_of(*sent);
  refusal.others = true;
  give_to(viewer.id, refusal.typed);
  return refusal_page(*this, refusal);
}

http::Response Context::show_kept(const http::Form& login) const {
  Refusal refusal;
  refusal.target = local_path(login.get(kKeptTo));
  refusal.typed = kept_in(login);
  refusal.others = std::ranges::any_of(refusal.typed, [this](const FormField& field) {
    return field.name == "member" && field.value != "0" && field.value != std::to_string(viewer.id.value);
  });
  refusal.reason = refusal.others ? tr("error.other_member"_msg, {{"name", viewer.name}}) : tr("error.kept_login"_msg);
  give_to(viewer.id, refusal.typed);
  return refusal_page(*this, refusal);
}

}  // namespace ms::web
