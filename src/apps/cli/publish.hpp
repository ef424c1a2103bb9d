#pragma once
#include <string>

#include "apps/cli/database.hpp"
#include "infra/config/config.hpp"

// What a command changed is told to the programs that run, in the words in which they tell each other: by NOTIFY, and
// by Redis, whose cached values are dropped. Without Redis a line on standard error says so; after a minute nothing
// cached is left anyway.
namespace ms::cli {

/// One member was added or changed; the command's statements have notified PostgreSQL's channel.
void publish_member(const config::Settings& settings, const std::string& id);
/// Anything may have changed: rows came in bulk.
void publish_everything(const config::Settings& settings, Database& database);

}  // namespace ms::cli
