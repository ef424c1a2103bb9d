// Transactions that read personal data. Each records the access in the audit log; without the record nothing is shown.
#include "features/audit/audit.hpp"
#include "features/members/staff.hpp"
#include "features/members/store.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::members {

async<std::vector<MemberRow>> Staff::find(const Call& call, const session::Viewer& viewer, const Search& search) {
  pg::Transaction transaction = db_.transaction(call, pg::Lane::slow);
  audit::record_list_access(transaction, viewer.id, search.text);
  const auto handle = store::search(transaction, search, kMembersPerPage + 1);
  co_await transaction.commit();
  co_return handle.all();
}

async<std::optional<MemberDetail>> Staff::detail(const Call& call, const session::Viewer& viewer, MemberId id) {
  pg::Transaction transaction = db_.transaction(call, pg::Lane::slow);
  audit::record_access(transaction, viewer.id, id);
  const auto member = store::row(transaction, id);
  const auto history = audit::history(transaction, {"member", id.value});
  co_await transaction.commit();
  auto found = member.one();
  if (!found) co_return std::nullopt;
  co_return MemberDetail{std::move(*found), history.all()};
}

}  // namespace ms::members
