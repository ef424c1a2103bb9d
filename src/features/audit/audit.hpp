#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/web/listing.hpp"
#include "infra/web/router.hpp"
#include "infra/write/write.hpp"

// Who of the staff did what to whom, and why. A row is written in the transaction that does it; the table is only added
// to.
namespace ms::audit {

constexpr std::size_t kReasonLimit = 200;  ///< characters

/// The reason without white space around it; Error(invalid) on the field "reason" when it is empty, longer than
/// kReasonLimit or holds control characters.
Result<std::string> reason_of(std::string_view typed);

/// The same on the Site, where a reason may be left out: then it says where it was done.
Result<std::string> reason_on_site(std::string_view typed);

/// What was acted on.
struct Subject {
  std::string_view kind;  ///< "member", "board", "post", "comment"
  std::int64_t id = 0;
};

/// Adds the row to the write, whose actor did it. `action` is a key of the table [audit_action] in the catalogue
/// ("suspend"); `detail` says what changed ("회원 → 직원").
void record(write::Write& write, std::string_view action, Subject subject, std::string_view reason,
            std::string_view detail = {});

/// The record of a post or comment that this write marked as deleted on the Site, whose role may not write into the log
/// itself. Does nothing for one's own.
void record_deleted(write::Write& write, Subject subject, std::string_view reason);

/// That the actor looks at a member's personal data; at most once an hour for each pair of them, never for one's own.
void record_look(pg::Statements& transaction, MemberId actor, MemberId member);
/// The same for a list of members; once an hour for what was searched for.
void record_look_at_list(pg::Statements& transaction, MemberId actor, std::string_view search);

struct Entry {
  std::int64_t id = 0;
  Timestamp at;
  MemberId actor;
  std::string actor_name;
  std::string action;
  std::string subject_kind;
  std::int64_t subject_id = 0;
  std::string reason;
  std::string detail;
  bool closed = false;  ///< its board is none of the reader's: `reason` and `detail` are empty

  std::string action_word() const;   ///< "이용 정지"
  std::string subject_word() const;  ///< "회원 12"
  /// The page of what was acted on, in the Admin; empty when it is not for `viewer`.
  std::string subject_url(const session::Viewer& viewer) const;
};

/// What GET /audit shows.
struct Log {
  const std::vector<Entry>& entries;
  const web::PageLinks& steps;
  const session::Viewer& viewer;
  Timestamp now;
};

/// The latest entries about one subject, newest first, for its page.
pg::ResultHandle<Entry> history(pg::Statements& out, Subject subject);

/// GET /audit in the Admin.
void add_admin_routes(web::Router& router, pg::Db& db);

}  // namespace ms::audit
