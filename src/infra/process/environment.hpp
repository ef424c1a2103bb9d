#pragma once

namespace ms::process {

/// Removes variables that the user's shell sets for other programs and that would change what ours do: libpq's settings
/// (PGHOST, PGOPTIONS, PGCLIENTENCODING, …), the password of redis-cli, proxies, the language. Only the configuration
/// and MINSCHOOL_<SECTION>_<KEY> count. Call it first in main(), before any thread starts.
void pin_environment();

}  // namespace ms::process
