#pragma once

namespace ms::process {

/// Gives back the memory of what only the start needed: pages of the program's and its libraries' code and constants,
/// most of which ran once (OpenSSL, Kerberos and LDAP prepare themselves behind libpq). What is needed again comes back
/// from the page cache, 64 KB at a time. Any thread, at any time; 1 ms.
void release_startup_pages();

}  // namespace ms::process
