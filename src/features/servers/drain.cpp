#include "features/servers/servers.hpp"
#include "features/servers/store.hpp"
#include "infra/core/text.hpp"
#include "infra/session/refusals.hpp"
#include "infra/write/write.hpp"

namespace ms::servers {

async<Result<void>> Servers::set_drained(const Call& call, const session::Viewer& viewer, std::int64_t id, bool drained,
                                         std::string reason) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (!may_act(viewer)) co_return session::forbidden();
  if (auto given = audit::reason_of(reason); !given) co_return Unexpected(given.error());
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto handle = store::name(batch, id);
  co_await batch.send();
  const auto name = handle.one();
  if (!name) co_return Unexpected(Error(ErrorCode::not_found, "servers.gone"_msg));
  write.guard_act_of_staff(session::Permission::servers);
  if (drained) store::guard_not_last(write, id);
  store::set_drained(write, id, drained, viewer.id);
  audit::record(write, drained ? "rest" : "unrest", {"server", id}, trim(reason), *name);
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::nothing_shown()});
}

async<std::vector<audit::Entry>> Servers::acts(const Call& call, std::int64_t id) {
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto entries = audit::history(batch, {"server", id});
  co_await batch.send();
  co_return entries.all();
}

}  // namespace ms::servers
