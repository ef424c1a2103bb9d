#include "features/members/staff.hpp"

#include <algorithm>

#include "features/audit/audit.hpp"
#include "features/members/store.hpp"
#include "infra/core/text.hpp"
#include "infra/session/refusals.hpp"
#include "infra/write/write.hpp"

namespace ms::members {
namespace {

constexpr auto kSeoul = std::chrono::hours(9);

Unexpected wrong(std::string field, Msg why) {
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, {{std::move(field), why}}));
}

/// "2026-03-02" of a date input (HTML, 2.3.5.2), or nothing.
std::optional<std::chrono::year_month_day> day_of(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-dd";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] == '-' ? text[i] != '-' : text[i] < '0' || text[i] > '9') return std::nullopt;
  }
  const auto number = [&](std::size_t begin, std::size_t size) {
    int value = 0;
    for (const char digit : text.substr(begin, size)) value = value * 10 + (digit - '0');
    return value;
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!day.ok()) return std::nullopt;
  return day;
}

}  // namespace

Result<Timestamp> end_of(const Term& term, Timestamp at) {
  for (const int days : {1, 7, 30}) {
    if (term.period == std::to_string(days)) return at + std::chrono::days(days);
  }
  if (term.period == "forever") return kForever;
  if (term.period != "date") return wrong("period", "staff.period_wrong"_msg);
  const auto day = day_of(term.day);
  if (!day) return wrong("day", "staff.day_wrong"_msg);
  const Timestamp end = std::chrono::sys_days(*day) + std::chrono::days(1) - std::chrono::seconds(1) - kSeoul;
  if (end <= at) return wrong("day", "staff.until_past"_msg);
  return std::min(end, kForever);
}

std::string end_word(Timestamp until) { return until >= kForever ? tr("staff.forever"_msg) : seoul_minute(until); }

bool Staff::above(const session::Viewer& viewer, const MemberRow& member) {
  return viewer.id != member.id && (viewer.role == session::Role::admin || member.role < viewer.rank());
}

/// The member, if `viewer` stands above them, gave a reason and saw their present version.
async<Result<MemberRow>> Staff::target(const Call& call, const session::Viewer& viewer, MemberId id,
                                       std::string_view reason, std::optional<std::int64_t> version) {
  if (auto given = audit::reason_of(reason); !given) co_return Unexpected(given.error());
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto handle = store::row(batch, id);
  co_await batch.send();
  auto found = handle.one();
  if (!found) co_return fail(ErrorCode::not_found, "members.gone"_msg);
  if (!above(viewer, *found)) co_return fail(ErrorCode::forbidden, "staff.not_above"_msg);
  if (version.value_or(found->version) != found->version) co_return fail(ErrorCode::conflict, "staff.changed"_msg);
  co_return std::move(*found);
}

async<Result<void>> Staff::set_role(const Call& call, const session::Viewer& viewer, MemberId id, session::Role role,
                                    std::string reason, std::optional<std::int64_t> version) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (!viewer.may(session::Permission::roles) || role == session::Role::guest) { co_return session::forbidden(); }
  const auto found = co_await target(call, viewer, id, reason, version);
  if (!found) co_return Unexpected(found.error());
  const std::string before = tr(session::word_of(static_cast<session::Role>(found->role)));
  if (role != session::Role::admin) store::guard_last_admin(write, id);
  write.guard_act_of_staff(session::Permission::roles);
  store::guard_above(write, viewer.id, *found);
  store::set_role(write, id, role);
  audit::record(write, "role", {"member", id.value}, trim(reason), before + " → " + tr(session::word_of(role)));
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::of_rights(id)});
}

async<Result<void>> Staff::suspend(const Call& call, const session::Viewer& viewer, MemberId id, Timestamp until,
                                   std::string reason, std::optional<std::int64_t> version) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (!viewer.may(session::Permission::members)) co_return session::forbidden();
  if (until <= now()) co_return wrong("day", "staff.until_past"_msg);
  const auto found = co_await target(call, viewer, id, reason, version);
  if (!found) co_return Unexpected(found.error());
  store::guard_last_admin(write, id);
  write.guard_act_of_staff(session::Permission::members);
  store::guard_above(write, viewer.id, *found);
  store::suspend(write, id, until, trim(reason));
  audit::record(write, "suspend", {"member", id.value}, trim(reason), end_word(until));
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::of_sessions(id, "")});
}

async<Result<void>> Staff::lift(const Call& call, const session::Viewer& viewer, MemberId id, std::string reason,
                                std::optional<std::int64_t> version) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (!viewer.may(session::Permission::members)) co_return session::forbidden();
  const auto found = co_await target(call, viewer, id, reason, version);
  if (!found) co_return Unexpected(found.error());
  write.guard_act_of_staff(session::Permission::members);
  store::guard_above(write, viewer.id, *found);
  store::lift(write, id);
  audit::record(write, "lift", {"member", id.value}, trim(reason));
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::of_member(id)});
}

}  // namespace ms::members
