#pragma once
#include <string>

#include "apps/cli/setup/wish.hpp"
#include "infra/config/config.hpp"

// The TOML files of the programs.
namespace ms::cli::setup {

/// "host:port", "[address]:port" or the path of a socket. Throws Failure.
config::Settings::Redis redis_place(const std::string& text);

/// Fills what `wish` leaves open from the files that an earlier setup wrote.
void remember(Wish& wish);

/// The files of the programs and their secrets, where they are missing; true when one was written. Throws Failure when
/// one that is there is wrong.
bool write_settings(const Wish& wish, const Postgres& postgres);

}  // namespace ms::cli::setup
