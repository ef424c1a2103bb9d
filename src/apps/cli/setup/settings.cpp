#include "apps/cli/setup/settings.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>

#include "apps/cli/command.hpp"
#include "apps/cli/setup/files.hpp"
#include "infra/core/text.hpp"

namespace ms::cli::setup {
namespace {

namespace fs = std::filesystem;
using config::Program;

constexpr std::string_view kHead =
    "# Written by `minschool setup`, which leaves it alone from now on. Every key and its meaning: minschool "
    "example-config.\n";

std::string toml(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string database_section(const SetupOptions& options, const Postgres& postgres, std::string_view role,
                             std::string_view file) {
  return fmt::format("[database]\nurl = {}\npassword_file = {}\n",
                     toml(fmt::format("{} dbname={} user={}", postgres.place, options.database_name, role)),
                     toml(file));
}

std::string redis_section(const SetupOptions& options) {
  const auto redis = redis_place(options.redis);
  std::string out = fmt::format("[redis]\nhost = {}\n", toml(redis.host));
  if (!redis.host.starts_with('/') && redis.port != config::Settings::Redis().port) {
    out += fmt::format("port = {}\n", redis.port);
  }
  if (!options.redis_user.empty()) out += fmt::format("user = {}\n", toml(options.redis_user));
  if (fs::exists(options.dir / "redis.password")) out += "password_file = \"redis.password\"\n";
  return out;
}

/// Where members' files are, unless it is the default.
std::string storage_section(const SetupOptions& options) {
  if (options.files == config::Settings::Storage().folder) return "";
  return fmt::format("\n[storage]\nfolder = {}\n", toml(options.files.string()));
}

std::string program_text(const SetupOptions& options, const Postgres& postgres, std::string_view program) {
  return fmt::format(
      "{}[server]\nname = {}\naddress = {}\n\n[site]\nname = {}\nurl = {}\nadmin_url = {}\n\n{}\n{}\n[session]\n"
      "secret_file = \"session.secret\"\n\n# Where Nginx runs: only its X-Forwarded-For is trusted.\n[proxy]\ntrusted "
      "= "
      "[\"127.0.0.0/8\", \"::1/128\"]\n{}",
      kHead, toml(options.server_name), toml(options.address), toml(options.site_name),
      toml(fmt::format("{}://{}", options.scheme(), options.domain)),
      toml(fmt::format("{}://{}", options.scheme(), options.admin_domain)),
      database_section(options, postgres, fmt::format("minschool_{}", program), fmt::format("{}.database", program)),
      redis_section(options), storage_section(options));
}

// Setup puts all of it on one machine.
constexpr std::string_view kMonitorSection = "\n[monitor]\nurl = \"http://127.0.0.1:3002\"\n";

std::string monitor_text(const SetupOptions& options) {
  return fmt::format("{}[monitor]\nnginx_config = {}\nnginx_status = \"http://127.0.0.1/nginx_status\"\n", kHead,
                     toml((options.nginx_dir / "conf.d/minschool-loadbalancer.conf").string()));
}

/// The value of a keyword in a conninfo.
std::string place_in(const std::string& conninfo, std::string_view keyword, const std::string& otherwise) {
  PQconninfoOption* const options = PQconninfoParse(conninfo.c_str(), nullptr);
  std::string out;
  for (const auto* option = options; option != nullptr && option->keyword != nullptr; ++option) {
    const bool found =
        option->keyword == keyword || (keyword == "host" && std::string_view(option->keyword) == "hostaddr");
    if (found && option->val != nullptr && out.empty()) out = option->val;
  }
  PQconninfoFree(options);
  return out.empty() ? otherwise : out;
}

/// The host of "https://mincenter.kr:8443".
std::string domain_of(std::string url) {
  if (const auto scheme = url.find("://"); scheme != url.npos) url.erase(0, scheme + 3);
  return url;
}

bool put_settings(const SetupOptions& options, Program program, std::string_view name, const std::string& text,
                  Readers readers) {
  const fs::path file = options.dir / fmt::format("{}.toml", name);
  const bool fresh = put_new_file(file, text, readers);
  if (const auto read = config::load(program, file); !read) throw Failure(read.error());
  return fresh;
}

}  // namespace

config::Settings::Redis redis_place(const std::string& text) {
  config::Settings::Redis out;
  if (text.starts_with('/')) {
    out.host = text;
    return out;
  }
  const auto colon = text.rfind(':');
  const bool has_port = colon != text.npos && (text.find(':') == colon || text.starts_with('['));
  out.host = has_port ? text.substr(0, colon) : text;
  if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
  if (has_port) {
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, out.port);
    if (error != std::errc() || stopped != end || out.port < 1 || out.port > 65535) {
      throw Failure(fmt::format("--redis must be host:port or the path of a socket, not \"{}\"", text), kUsage);
    }
  }
  return out;
}

std::string server_of(const std::string& conninfo) {
  return place_in(conninfo, "host", "127.0.0.1") + ":" + place_in(conninfo, "port", "5432");
}

bool is_here(const std::string& conninfo) {
  const std::string host = place_in(conninfo, "host", "");
  return host.empty() || host == "localhost" || host == "::1" || host.starts_with('/') || host.starts_with("127.");
}

bool load_existing(SetupOptions& options) {
  const fs::path file = options.dir / "site.toml";
  if (!fs::exists(file)) return false;
  const auto existing = config::load(Program::site, file);
  if (!existing) throw Failure(existing.error());
  options.tls_in_front = options.certificate.empty() && existing->site.url.starts_with("https:");
  options.domain = domain_of(existing->site.url);
  options.admin_domain = domain_of(existing->site.admin_url);
  options.site_name = existing->site.name;
  options.server_name = existing->server.name;
  options.address = existing->server.address;
  options.files = existing->storage.folder;
  const auto& redis = existing->redis;
  options.redis_user = redis.user;
  options.redis = redis.host.starts_with('/') ? redis.host : fmt::format("[{}]:{}", redis.host, redis.port);
  options.database = existing->database.url;
  options.database_name = place_in(options.database, "dbname", "minschool");
  return true;
}

std::vector<std::string> find_conflicts(const SetupOptions& given, const SetupOptions& existing) {
  std::vector<std::string> out;
  const std::string both = fmt::format("{0}/site.toml and {0}/admin.toml", existing.dir.string());
  const auto differs = [&](const char* option, const std::string& wanted, const std::string& is,
                           const std::string& remedy) {
    if (given.has(option) && wanted != is)
      out.push_back(fmt::format("{} {}: it is {}; {}", option, wanted, is, remedy));
  };
  const auto change = [&both](const char* key) { return fmt::format("change {} in {}", key, both); };
  differs("--domain", ascii_lower(given.domain), existing.domain,
          change("site.url") + ", and server_name in Nginx's file");
  differs("--admin-domain", ascii_lower(given.admin_domain), existing.admin_domain,
          change("site.admin_url") + ", and server_name in Nginx's file");
  differs("--site-name", given.site_name, existing.site_name, change("site.name"));
  differs("--server-name", given.server_name, existing.server_name, change("server.name"));
  differs("--address", given.address, existing.address,
          change("server.address") + ", and the # @site_servers and # @admin_servers lines of Nginx's file");
  differs("--files-dir", given.files.string(), existing.files.string(),
          change("storage.folder") + " and in owner.toml, and the # @files line in Nginx's snippet");
  const auto redis = [](const std::string& text) {
    const auto place = redis_place(text);
    return place.host.starts_with('/') ? place.host : fmt::format("{}:{}", place.host, place.port);
  };
  differs("--redis", redis(given.redis), redis(existing.redis), change("redis.host and redis.port"));
  differs("--database-name", given.database_name, existing.database_name,
          change("database.url") + " and in owner.toml");
  if (given.has("--database")) {
    differs("--database", server_of(given.database), server_of(existing.database),
            change("database.url") + " and in owner.toml");
  }
  const fs::path password = existing.dir / "redis.password";
  if (given.has("--redis-password-file") && fs::exists(password) &&
      trim(read_file(password)) != trim(read_file(given.redis_password_file))) {
    out.push_back(fmt::format("--redis-password-file: {0} holds another password; remove {0} if it is the old one",
                              password.string()));
  }
  const fs::path nginx = existing.nginx_dir / "conf.d/minschool-loadbalancer.conf";
  const std::string text = read_file(nginx);
  for (const auto& [option, path] :
       {std::pair{"--tls-certificate", given.certificate}, {"--tls-key", given.certificate_key}}) {
    if (!given.has(option) || text.empty() || text.contains(path.string())) continue;
    out.push_back(fmt::format("{} {}: {} does not name it; change its # @site_listen and # @admin_listen lines, and {}",
                              option, path.string(), nginx.string(), change("site.url and site.admin_url")));
  }
  return out;
}

bool write_settings(const SetupOptions& options, const Postgres& postgres) {
  static_cast<void>(secret_in(options.dir / "session.secret", Readers::programs));
  bool fresh = false;
  for (const auto& [program, name] : {std::pair{Program::site, "site"}, std::pair{Program::admin, "admin"}}) {
    std::string text = program_text(options, postgres, name);
    if (program == Program::admin) text += kMonitorSection;
    fresh |= put_settings(options, program, name, text, Readers::programs);
  }
  put_settings(options, Program::monitor, "monitor", monitor_text(options), Readers::programs);
  put_settings(
      options, Program::cli, "owner",
      fmt::format("{}{}\n{}{}{}", kHead, database_section(options, postgres, "minschool_owner", "owner.database"),
                  redis_section(options), kMonitorSection, storage_section(options)),
      Readers::root);
  return fresh;
}

}  // namespace ms::cli::setup
