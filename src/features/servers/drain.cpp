#include "features/servers/servers.hpp"
#include "features/servers/store.hpp"
#include "infra/core/text.hpp"
#include "infra/idempotency/idempotency.hpp"
#include "infra/session/guard.hpp"

namespace ms::servers {

async<Result<void>> Servers::set_rest(const Call& call, const session::Viewer& viewer, std::int64_t id, bool rest,
                                      std::string reason) {
  if (idempotency::previous_result(call)) co_return Result<void>();
  if (!may_act(viewer)) co_return Unexpected(Error(ErrorCode::forbidden, "error.forbidden"_msg));
  if (auto given = audit::reason_of(reason); !given) co_return Unexpected(given.error());
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto handle = store::name(batch, id);
  co_await batch.send();
  const auto name = handle.one();
  if (!name) co_return Unexpected(Error(ErrorCode::not_found, "servers.gone"_msg));
  pg::Transaction transaction = db_.transaction(call);
  session::guard_permission(transaction, viewer.id, session::Permission::servers);
  if (rest) store::guard_not_last(transaction, id);
  store::set_rest(transaction, id, rest, viewer.id);
  audit::record(transaction, viewer.id, rest ? "rest" : "unrest", {"server", id}, trim(reason), *name);
  idempotency::record(transaction, call, viewer.id);
  co_return co_await transaction.commit();
}

async<std::vector<audit::Entry>> Servers::acts(const Call& call, std::int64_t id) {
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto entries = audit::history(batch, {"server", id});
  co_await batch.send();
  co_return entries.all();
}

}  // namespace ms::servers
