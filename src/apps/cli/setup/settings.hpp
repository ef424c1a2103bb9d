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

/// Replaces the values of `options` by those of the files that an earlier setup wrote; false when there are none.
bool load_existing(SetupOptions& options);

/// The options that differ from the existing setup, one sentence each with what to do. `given` are the options of the
/// command line, `existing` is the result of load_existing().
std::vector<std::string> find_conflicts(const SetupOptions& given, const SetupOptions& existing);

/// Writes the missing files of the programs and their secrets; true when one was written. Throws Failure when an
/// existing one is wrong.
bool write_settings(const SetupOptions& options, const Postgres& postgres);

}  // namespace ms::cli::setup
