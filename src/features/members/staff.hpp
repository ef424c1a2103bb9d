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

// The acts of staff on members: find, give a role, suspend, lift. Every act needs a reason and is recorded in the audit
// log; it takes effect on every server at once (session_epoch and NOTIFY, see infra/session).
namespace ms::members {

struct MemberRow {
  MemberId id;
  std::string email;
  std::string name;
  int role = 1;
  Timestamp joined;
  std::optional<Timestamp> seen;
  std::optional<Timestamp> suspended_until;  ///< only while it is in the future
  std::string suspended_reason;
  std::int64_t posts = 0;
  std::int64_t comments = 0;
  std::int64_t version = 0;  ///< of role and suspension, which staff change
};

/// Filters of the member list; pages by key.
struct Search {
  std::string text;  ///< a prefix of the name, or a part of the e-mail address
  std::optional<session::Role> role;
  bool only_suspended = false;
  MemberId before;  ///< 0: from the newest
};

constexpr int kMembersPerPage = 30;

/// A member with the acts of staff on them, newest first.
struct MemberDetail {
  MemberRow member;
  std::vector<audit::Entry> history;
};

/// The length of a suspension in the form: a number of days ("1", "7", "30"), "forever", or "date" with a day.
struct Term {
  std::string period = "7";
  std::string day;  ///< "2026-03-02": suspended through that day in Seoul
};
/// The end of "forever".
constexpr Timestamp kForever = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);
/// The end of a suspension that begins `at`. Error(invalid) on "period" or "day"; a day in the past is refused.
Result<Timestamp> end_of(const Term& term, Timestamp at);
/// The end in words: "무기한" or its minute in Seoul.
std::string end_word(Timestamp until);

class Staff {
 public:
  Staff(pg::Db& db, write::Writer& writer) : db_(db), writer_(writer) {}

  // Both read personal data, so they record the access by `viewer` in the audit log; without the record they fail.

  /// At most kMembersPerPage + 1 rows; the additional one means that there are more.
  async<std::vector<MemberRow>> find(const Call& call, const session::Viewer& viewer, const Search& search);
  async<std::optional<MemberDetail>> detail(const Call& call, const session::Viewer& viewer, MemberId id);

  /// Whether `viewer` may act on this member: never on themselves, and only an admin on an equal or higher role.
  static bool above(const session::Viewer& viewer, const MemberRow& member);

  // `version` is the member's version in the form. When other staff changed the member meanwhile, the act fails
  // (conflict) and overwrites nothing.

  /// Unexpected: forbidden (needs Permission::roles; nobody changes their own role), invalid (no reason), not_found,
  /// conflict (the last admin).
  async<Result<void>> set_role(const Call& call, const session::Viewer& viewer, MemberId id, session::Role role,
                               std::string reason, std::optional<std::int64_t> version);
  /// Logs the member out everywhere in the same transaction. Unexpected: forbidden (needs Permission::members and
  /// above()), invalid (reason, `until` is in the past), not_found, conflict (the last admin).
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
