#pragma once
#include "apps/cli/database.hpp"
#include "infra/config/config.hpp"

namespace ms::cli {

/// After the database was brought back to an earlier state: nothing that was given or ended since then is known in it.
/// Ends all sessions, moves all numbers on, so that none is given twice, and makes running programs and Redis forget
/// what they know. Throws DatabaseError; Redis that cannot be told is said on standard error.
void begin_history(Database& database, const config::Settings& settings);

}  // namespace ms::cli
