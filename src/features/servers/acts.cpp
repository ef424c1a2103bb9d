#include "features/servers/servers.hpp"
#include "features/servers/store.hpp"
#include "infra/core/text.hpp"
#include "infra/once/once.hpp"
#include "infra/session/guard.hpp"

namespace ms::servers {

async<Result<void>> Servers::set_rest(const Call& call, const session::Viewer& who, std::int64_t id, bool rest,
                                      std::string reason) {
  if (once::earlier(call)) co_return Result<void>();
  if (!may_act(who)) co_return Refused(Error(Code::forbidden, "error.forbidden"_msg));
  if (auto given = audit::reason_of(reason); !given) co_return Refused(given.error());
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto slot = store::name(batch, id);
  co_await batch.send();
  const auto name = slot.one();
  if (!name) co_return Refused(Error(Code::not_found, "servers.gone"_msg));
  pg::Unit unit = db_.unit(call);
  session::guard_permission(unit, who.id, session::Permission::servers);
  if (rest) store::guard_not_last(unit, id);
  store::set_rest(unit, id, rest, who.id);
  audit::record(unit, who.id, rest ? "rest" : "unrest", {"server", id}, trim(reason), *name);
  once::record(unit, call, who.id);
  co_return co_await unit.send();
}

async<std::vector<audit::Entry>> Servers::acts(const Call& call, std::int64_t id) {
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto entries = audit::history(batch, {"server", id});
  co_await batch.send();
  co_return entries.all();
}

}  // namespace ms::servers
