#pragma once

namespace ms::process {

/// Releases memory that only the start needed: pages of code and constants of the program and its libraries, most of
/// which ran once (OpenSSL, Kerberos and LDAP initialize themselves behind libpq). A page that is needed again comes
/// back from the page cache, 64 KB at a time. Any thread may call it at any time; it takes 1 ms.
void release_startup_pages();

}  // namespace ms::process
