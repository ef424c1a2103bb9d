#pragma once

namespace ms::process {

/// Forgets what whoever starts a program has in his environment for other programs, and what would change what ours do:
/// libpq's settings (PGHOST, PGOPTIONS, PGCLIENTENCODING, …), Redis' password of the shell, proxies, the language. What
/// counts is the configuration and MINSCHOOL_<SECTION>_<KEY>. First thing in main(), before any thread.
void pin_environment();

}  // namespace ms::process
