// What the parts of a program need of its settings.
#include <fmt/format.h>

#include "infra/config/config.hpp"
#include "infra/config/conninfo.hpp"
#include "infra/storage/open.hpp"

namespace ms::config {

pg::Config pg_config(const Settings& settings) {
  const auto& from = settings.database;
  pg::Config out;
  const Conninfo parsed(from.url);
  const auto add = [&out](std::string_view keyword, std::string_view value) {
    // libpq manual 34.1.1.1: values in single quotes, with \ before ' and \.
    out.conninfo += fmt::format("{}{}='", out.conninfo.empty() ? "" : " ", keyword);
    for (const char c : value) {
      if (c == '\'' || c == '\\') out.conninfo += '\\';
      out.conninfo += c;
    }
    out.conninfo += '\'';
  };
  bool named = false;
  for (const auto* option = parsed.options; option != nullptr && option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    if (option->val == nullptr || (keyword == "password" && !from.password.empty())) continue;
    named = named || keyword == "application_name";
    add(keyword, option->val);
  }
  if (!from.password.empty()) add("password", from.password);
  if (!named) add("application_name", "minschool " + settings.server.name);
  out.fast_connections = from.fast_connections;
  out.slow_connections = from.slow_connections;
  out.fast_timeout = std::chrono::milliseconds(from.fast_timeout_ms);
  out.slow_timeout = std::chrono::milliseconds(from.slow_timeout_ms);
  return out;
}

redis::Config redis_config(const Settings& settings) {
  const auto& from = settings.redis;
  redis::Config out;
  out.host = from.host;
  out.port = from.port;
  out.user = from.user;
  out.password = from.password;
  out.database = from.database;
  out.deadline = std::chrono::milliseconds(from.deadline_ms);
  return out;
}

storage::Config storage_config(const Settings& settings) {
  const auto& from = settings.storage;
  return {.folder = from.folder,
          .s3 = {.endpoint = from.s3_endpoint,
                 .region = from.s3_region,
                 .bucket = from.s3_bucket,
                 .access_key = from.s3_access_key,
                 .secret_key = from.s3_secret_key}};
}

http::Limits http_limits(const Settings& settings) {
  const auto& from = settings.http;
  http::Limits out;
  out.head_bytes = static_cast<std::size_t>(from.head_bytes);
  out.body_bytes = static_cast<std::size_t>(from.body_bytes);
  out.connections = static_cast<std::size_t>(from.connections);
  out.head_time = std::chrono::seconds(from.request_seconds);
  out.streams = static_cast<std::size_t>(settings.live.streams);
  return out;
}

}  // namespace ms::config
