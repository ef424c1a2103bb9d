#pragma once
#include <string>
#include <vector>

#include "apps/cli/setup/options.hpp"
#include "infra/config/config.hpp"

// The TOML files of the programs.
namespace ms::cli::setup {

/// "host:port", "[address]:port" or the path of a socket. Throws Failure.
config::Settings::Redis redis_place(const std::string& text);

/// The server of a conninfo: "host" or "host:port"; the default is this machine.
std::string server_of(const std::string& conninfo);
/// Whether that is this machine.
bool is_here(const std::string& conninfo);

/// Fills what `wish` leaves open from the files that an earlier setup wrote; false when there are none.
bool remember(SetupOptions& options);

/// The options that differ from the existing setup, one sentence each with what to do. `wish` is as remember() found
/// it, `asked` as it was given.
std::vector<std::string> contradictions(const SetupOptions& asked, const SetupOptions& known);

/// Writes the missing files of the programs and their secrets; true when one was written. Throws Failure when an
/// existing one is wrong.
bool write_settings(const SetupOptions& options, const Postgres& postgres);

}  // namespace ms::cli::setup
