#pragma once
#include "infra/io/resolver.hpp"
#include "infra/pg/wire.hpp"

namespace ms::pg {

/// The same parameters with addresses instead of host names, one entry for each address of a name, so that libpq looks
/// up nothing: PQconnectStart blocks during a lookup. Paths, addresses, and a conninfo with its own hostaddr stay as
/// they are. Throws std::runtime_error with the reason when no host has a known address before `limit`. The resolver
/// outlives it.
async<Parameters> with_addresses(Resolver& resolver, Parameters parameters, Deadline limit);

}  // namespace ms::pg
