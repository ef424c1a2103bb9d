#include "features/members/admin_list.html.hpp"
#include "features/members/admin_member.html.hpp"
#include "features/members/admin_pages.hpp"
#include "infra/unicode/unicode.hpp"
#include "infra/web/context.hpp"

namespace ms::members {
namespace {

async<http::Response> show_members(web::Context& ctx, Staff& staff) {
  const http::Form& query = ctx.query();
  AdminList list{.search = {.text = unicode::Line(unicode::narrow(query.get("q"))).text(),
                            .role = session::role_of(query.get("role")),
                            .only_suspended = query.has("suspended"),
                            .before = MemberId{query.number("before").value_or(0)}},
                 .members = {},
                 .links = {},
                 .now = ctx.now};
  list.members = co_await staff.find(ctx.call, ctx.viewer, list.search);
  const bool more = list.members.size() > kMembersPerPage;
  if (more) list.members.pop_back();
  list.links = web::page_links("/members", query, more, list.members.empty() ? 0 : list.members.back().id.value);
  co_return ctx.page({tr("staff.title"_msg)}, [&](view::Out& out) { admin_list(out, list); });
}

/// The member's page, with the refused form if there is one.
async<http::Response> member_page(web::Context& ctx, Staff& staff, FormState form_state) {
  const auto detail = co_await staff.detail(ctx.call, ctx.viewer, MemberId{ctx.params.number("id")});
  if (!detail) co_return ctx.error_response(Error(ErrorCode::not_found, "members.gone"_msg));
  const int status = form_state.error ? static_cast<int>(form_state.error->code) : 200;
  const AdminMember page{*detail, ctx.viewer, form_state, ctx.now};
  co_return ctx.page({detail->member.name}, [&](view::Out& out) { admin_member(out, page); }, status);
}

async<http::Response> show_member(web::Context& ctx, Staff& staff) { return member_page(ctx, staff, FormState()); }

/// The response to an act, whether it succeeded or was refused.
async<http::Response> answer(web::Context& ctx, Staff& staff, FormState form_state, Result<void> done) {
  if (done) co_return ctx.redirect("/members/" + std::to_string(ctx.params.number("id")), "flash.saved"_msg);
  const ErrorCode code = done.error().code;
  if (code != ErrorCode::invalid && code != ErrorCode::conflict) co_return ctx.error_response(done.error());
  form_state.error = done.error();
  co_return co_await member_page(ctx, staff, std::move(form_state));
}

async<http::Response> set_role(web::Context& ctx, Staff& staff) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  FormState form_state{.form = "role", .error = {}, .term = {}, .reason = std::string(form->get("reason"))};
  const auto role = session::role_of(form->get("role"));
  if (!role) co_return ctx.error_response(Error(ErrorCode::bad_request, "error.bad_form"_msg));
  form_state.role = *role;
  auto done = co_await staff.set_role(ctx.call, ctx.viewer, MemberId{ctx.params.number("id")}, *role, form_state.reason,
                                      form->number("version"));
  co_return co_await answer(ctx, staff, std::move(form_state), std::move(done));
}

async<http::Response> suspend(web::Context& ctx, Staff& staff) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  FormState form_state{.form = "suspend",
                       .error = {},
                       .term = {std::string(form->get("period")), std::string(form->get("day"))},
                       .reason = std::string(form->get("reason"))};
  const auto until = end_of(form_state.term, ctx.now);
  if (!until) co_return co_await answer(ctx, staff, std::move(form_state), Unexpected(until.error()));
  auto done = co_await staff.suspend(ctx.call, ctx.viewer, MemberId{ctx.params.number("id")}, *until, form_state.reason,
                                     form->number("version"));
  co_return co_await answer(ctx, staff, std::move(form_state), std::move(done));
}

async<http::Response> lift(web::Context& ctx, Staff& staff) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  FormState form_state{.form = "lift", .error = {}, .term = {}, .reason = std::string(form->get("reason"))};
  auto done = co_await staff.lift(ctx.call, ctx.viewer, MemberId{ctx.params.number("id")}, form_state.reason,
                                  form->number("version"));
  co_return co_await answer(ctx, staff, std::move(form_state), std::move(done));
}

}  // namespace

void add_admin_routes(web::Router& router, Staff& staff) {
  router.get("/members", [&staff](web::Context& ctx) { return show_members(ctx, staff); });
  router.get("/members/{id}", [&staff](web::Context& ctx) { return show_member(ctx, staff); });
  router.post("/members/{id}/role", [&staff](web::Context& ctx) { return set_role(ctx, staff); });
  router.post("/members/{id}/suspend", [&staff](web::Context& ctx) { return suspend(ctx, staff); });
  router.post("/members/{id}/lift", [&staff](web::Context& ctx) { return lift(ctx, staff); });
}

}  // namespace ms::members
