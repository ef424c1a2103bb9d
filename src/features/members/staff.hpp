#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/audit/audit.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/web/router.hpp"

namespace ms::write {
class Writer;
}

// What staff do with members: find, give a role, suspend, lift. Every act needs a reason and is in the audit log; it
// holds on every server at once (session_epoch and NOTIFY, see infra/session).
namespace ms::members {

struct MemberRow {
  MemberId id;
  std::string email;
  std::string name;
  int role = 1;
  Timestamp joined;
  std::optional<Timestamp> seen;
  std::optional<Timestamp> suspended_until;  ///< only while it lies ahead
  std::string suspended_reason;
  std::int64_t posts = 0;
  std::int64_t comments = 0;
  std::int64_t version = 0;  ///< names role and suspension: what staff change
};

/// Filters of the member list; pages by key.
struct Search {
  std::string text;  ///< begins the name, or is in the e-mail address
  std::optional<session::Role> role;
  bool only_suspended = false;
  MemberId before;  ///< 0: from the newest
};

constexpr int kMembersPerPage = 30;

/// A member with what was done to them, newest first.
struct MemberDetail {
  MemberRow member;
  std::vector<audit::Entry> history;
};

/// How the form says how long: a number of days ("1", "7", "30"), "forever", or "date" with a day.
struct Term {
  std::string period = "7";
  std::string day;  ///< "2026-03-02": suspended through that day in Seoul
};
/// The end of "forever".
constexpr Timestamp kForever = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);
/// When a suspension that begins `at` ends. Error(invalid) on "period" or "day"; a day that has passed is refused.
Result<Timestamp> end_of(const Term& term, Timestamp at);
/// The end as people read it: "무기한" or its minute in Seoul.
std::string end_word(Timestamp until);

class Staff {
 public:
  Staff(pg::Db& db, write::Writer& writer) : db_(db), writer_(writer) {}

  // Both show personal data, so that `viewer` looked stands in the audit log, or nothing is shown.

  /// At most kMembersPerPage + 1 rows: the last one says that there are more.
  async<std::vector<MemberRow>> find(const Call& call, const session::Viewer& viewer, const Search& search);
  async<std::optional<MemberDetail>> file(const Call& call, const session::Viewer& viewer, MemberId id);

  /// Whether `viewer` may act on this member: not on oneself, and on nobody of an equal or higher role unless an admin.
  static bool above(const session::Viewer& viewer, const MemberRow& member);

  // `version`: of the member whom the form showed; what somebody else of the staff did meanwhile is not overwritten
  // (conflict).

  /// Unexpected: forbidden (needs Permission::roles; nobody changes the own role), invalid (no reason), not_found,
  /// conflict (the last admin).
  async<Result<void>> set_role(const Call& call, const session::Viewer& viewer, MemberId id, session::Role role,
                               std::string reason, std::optional<std::int64_t> version);
  /// Logs the member out everywhere in the same unit. Unexpected: forbidden (needs Permission::members; not oneself,
  /// nobody of a higher or equal role unless admin), invalid (reason, `until` is not ahead), not_found, conflict (the
  /// last admin).
  async<Result<void>> suspend(const Call& call, const session::Viewer& viewer, MemberId id, Timestamp until,
                              std::string reason, std::optional<std::int64_t> version);
  async<Result<void>> lift(const Call& call, const session::Viewer& viewer, MemberId id, std::string reason,
                           std::optional<std::int64_t> version);

 private:
  async<Result<MemberRow>> target(const Call& call, const session::Viewer& viewer, MemberId id, std::string_view reason,
                                  std::optional<std::int64_t> version);
  pg::Db& db_;
  write::Writer& writer_;
};

void add_admin_routes(web::Router& router, Staff& staff);

}  // namespace ms::members
