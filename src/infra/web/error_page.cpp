#include <fmt/format.h>

#include <algorithm>

#include "infra/web/context.hpp"
#include "infra/web/error.html.hpp"
#include "infra/web/form_field.hpp"

namespace ms::web {
namespace {

bool is_secret(std::string_view name) { return name.contains("password") || name == "current"; }

bool has_text(const std::vector<FormField>& fields) {
  return std::ranges::any_of(fields, [](const FormField& field) { return field.label() && !field.value.empty(); });
}

/// Whether sending the same form later may succeed although it holds no text.
bool may_succeed_later(ErrorCode code) {
  return code == ErrorCode::unauthenticated || code == ErrorCode::too_many || code == ErrorCode::internal ||
         code == ErrorCode::unavailable;
}

/// Makes the form this member's.
void assign_to(MemberId member, std::vector<FormField>& fields) {
  for (FormField& field : fields) {
    if (field.name == "member") field.value = std::to_string(member.value);
  }
}

http::Response error_page_response(const Context& ctx, const ErrorPage& page) {
  return ctx.page(
      {tr(Msg{fmt::format("error.title_{}", page.status)})}, [&](view::Out& out) { error_page(out, page); },
      page.status);
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

std::vector<FormField> carried_fields(const http::Form& form) {
  std::vector<FormField> out;
  for (const auto& [name, value] : form.pairs()) {
    if (name.starts_with(kCarriedPrefix) && !is_secret(name))
      out.push_back({name.substr(kCarriedPrefix.size()), value});
  }
  return out;
}

http::Response Context::error_response(const Error& error, bool keep_fields) const {
  if (is_api()) return problem(error);
  const bool guest = error.code == ErrorCode::unauthenticated;
  if (guest && http::is_safe(request.method)) return redirect_to_login();
  ErrorPage page;
  page.status = static_cast<int>(error.code);
  page.reason = tr(error.message);
  page.target = local_path(request.target);
  if (keep_fields && request.method == http::Method::post) {
    if (const auto sent = form()) page.fields = fields_of(*sent);
    if (!may_succeed_later(error.code) && !has_text(page.fields)) page.fields.clear();
    if (viewer.signed_in()) assign_to(viewer.id, page.fields);
    // Viewers cannot distinguish what is closed to guests from what does not exist.
    page.needs_login = guest || (error.code == ErrorCode::not_found && !viewer.signed_in() && !page.fields.empty());
  } else if (error.code == ErrorCode::not_found && !viewer.signed_in() && http::is_safe(request.method)) {
    page.login_returns_to = request.target;
  }
  http::Response response = error_page_response(*this, page);
  set_retry_after(response, error);
  return response;
}

http::Response Context::stale_form_response() const {
  ErrorPage page;
  page.status = static_cast<int>(ErrorCode::conflict);
  page.reason = tr("error.other_member"_msg, {{"name", viewer.name}});
  page.target = local_path(request.target);
  if (const auto sent = form()) page.fields = fields_of(*sent);
  page.foreign_form = true;
  assign_to(viewer.id, page.fields);
  return error_page_response(*this, page);
}

http::Response Context::show_carried_form(const http::Form& login) const {
  ErrorPage page;
  page.target = local_path(login.get(kCarriedTarget));
  page.fields = carried_fields(login);
  page.foreign_form = std::ranges::any_of(page.fields, [this](const FormField& field) {
    return field.name == "member" && field.value != "0" && field.value != std::to_string(viewer.id.value);
  });
  page.reason = page.foreign_form ? tr("error.other_member"_msg, {{"name", viewer.name}}) : tr("error.kept_login"_msg);
  assign_to(viewer.id, page.fields);
  return error_page_response(*this, page);
}

}  // namespace ms::web
