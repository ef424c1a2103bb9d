#pragma once
#include <string>

#include "apps/cli/database.hpp"
#include "infra/config/config.hpp"

// Publishes the changes of a command to the running programs, in the way in which they publish their own: by NOTIFY,
// and by Redis, whose cached values are invalidated. Without Redis they report that on standard error; cached values
// expire after a minute anyway.
namespace ms::cli {

/// One member was added or changed; the command's statements have notified PostgreSQL's channel.
void publish_member(const config::Settings& settings, const std::string& id);
/// Anything may have changed, because rows were inserted in bulk.
void publish_everything(const config::Settings& settings, Database& database);

}  // namespace ms::cli
