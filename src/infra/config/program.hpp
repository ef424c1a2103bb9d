#pragma once
#include <boost/describe/enum.hpp>
#include <string_view>

namespace ms::config {

/// The program that reads the configuration. It decides the defaults of server.port and session.cookie, and whether
/// session.secret is required (the monitor and the command line tool have no sessions).
enum class Program { site, admin, monitor, cli };
BOOST_DESCRIBE_ENUM(Program, site, admin, monitor, cli)

/// "site", "admin", "monitor" or "cli".
std::string_view name_of(Program program) noexcept;

}  // namespace ms::config
