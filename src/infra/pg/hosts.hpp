#pragma once
#include "infra/io/resolver.hpp"
#include "infra/pg/wire.hpp"

namespace ms::pg {

/// The same parameters with an address for each host that is a name, as often as it has addresses, so that libpq looks
/// up nothing: PQconnectStart blocks meanwhile. Paths, addresses, and a conninfo that names hostaddr itself stay as
/// they are. Throws std::runtime_error with the reason when no host has a known address before `limit`. The resolver
/// outlives it.
async<Parameters> with_addresses(Resolver& resolver, Parameters parameters, Deadline limit);

}  // namespace ms::pg
