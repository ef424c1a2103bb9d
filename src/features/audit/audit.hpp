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

// The audit log records the acts of staff: who, what, to whom, and why. A row is written in the transaction of the act;
// rows are never changed or deleted.
namespace ms::audit {

constexpr std::size_t kReasonLimit = 200;  ///< characters

/// The reason without white space around it; Error(invalid) on the field "reason" when it is empty, longer than
/// kReasonLimit or holds control characters.
Result<std::string> reason_of(std::string_view typed);

/// The same on the Site, where the reason is optional: without one, the text says that it was done on the Site.
Result<std::string> reason_on_site(std::string_view typed);

/// The object of an act.
struct Subject {
  std::string_view kind;  ///< "member", "board", "post", "comment"
  std::int64_t id = 0;
};

/// Adds the row of an act by the write's actor. `action` is a key of the table [audit_action] in the catalogue
/// ("suspend"); `detail` says what changed ("회원 → 직원").
void record(write::Write& write, std::string_view action, Subject subject, std::string_view reason,
            std::string_view detail = {});

/// Records a post or comment that this write deletes on the Site, whose database role may not write the log itself.
/// Does nothing when the actor is the author.
void record_deleted(write::Write& write, Subject subject, std::string_view reason);

/// Records that the actor reads a member's personal data; at most once an hour for each pair, never for their own.
void record_access(pg::Statements& transaction, MemberId actor, MemberId member);
/// The same for a list of members; at most once an hour for each search.
void record_list_access(pg::Statements& transaction, MemberId actor, std::string_view search);

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
  bool closed = false;  ///< the viewer may not read its board: `reason` and `detail` are empty

  std::string action_word() const;   ///< "이용 정지"
  std::string subject_word() const;  ///< "회원 12"
  /// The page of the subject in the Admin; empty when `viewer` may not open it.
  std::string subject_url(const session::Viewer& viewer) const;
};

/// The content of GET /audit.
struct Log {
  const std::vector<Entry>& entries;
  const web::PageLinks& links;
  const session::Viewer& viewer;
  Timestamp now;
};

/// The latest entries about one subject, newest first, for its page.
pg::ResultHandle<Entry> history(pg::Statements& out, Subject subject);

/// GET /audit in the Admin.
void add_admin_routes(web::Router& router, pg::Db& db);

}  // namespace ms::audit
