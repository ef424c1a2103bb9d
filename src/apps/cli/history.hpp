#pragma once
#include "apps/cli/database.hpp"
#include "infra/config/config.hpp"

namespace ms::cli {

/// To be called after the database was restored to an earlier state, which lacks all ids and logouts since then. Ends
/// all sessions, advances all sequences so that no id is used twice, and invalidates the caches of running programs and
/// of Redis. Throws DatabaseError; an unreachable Redis is reported on standard error.
void begin_history(Database& database, const config::Settings& settings);

}  // namespace ms::cli
