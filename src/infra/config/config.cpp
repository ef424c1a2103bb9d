#include "infra/config/config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "infra/config/conninfo.hpp"
#include "infra/config/keys.hpp"
#include "infra/core/text.hpp"
#include "infra/core/visible.hpp"

namespace ms::config {
namespace {

using Outcome = std::expected<void, std::string>;
constexpr std::string_view kFileSuffix = "_file";
constexpr std::size_t kMaxSecretFile = 4096;  // a longer file is surely the wrong one

/// The origin of a value, "minschool.toml (line 3)" or an environment variable, and the key as people write it.
struct Place {
  std::string where;
  std::string key;
  std::unexpected<std::string> refuse(std::string_view why) const {
    return std::unexpected(fmt::format("{}: {} {}", where, key, why));
  }
};

std::string full_name(const Key& key) { return fmt::format("{}.{}", key.section, key.name); }

std::string variable_of(const Key& key, std::string_view suffix = "") {
  std::string name = fmt::format("MINSCHOOL_{}_{}{}", key.section, key.name, suffix);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  return name;
}

Outcome put(Settings& settings, const Text& text, std::string value, const Place& place) {
  if (!valid_utf8(value) || has_control(value)) return place.refuse("must be text in UTF-8 without control characters");
  if (text.check != nullptr) {
    if (const auto wanted = text.check(value); !wanted.empty()) {
      return place.refuse(fmt::format("must be {}, not \"{}\"", wanted, value));
    }
  }
  text.of(settings) = std::move(value);
  return {};
}

Outcome put(Settings& settings, const Number& number, std::int64_t value, const Place& place) {
  if (value < number.least || value > number.most) {
    return place.refuse(fmt::format("must be from {} to {}, not {}", number.least, number.most, value));
  }
  number.of(settings) = static_cast<int>(value);
  return {};
}

Outcome put(Settings& settings, const List& list, std::vector<std::string> value, const Place& place) {
  if (const std::string wrong = list.check(value); !wrong.empty()) return place.refuse(wrong);
  list.of(settings) = std::move(value);
  return {};
}

Outcome check(const Secret& secret, std::string_view value, const Place& place) {
  const auto seen = visible_secret(value);
  if (!seen) return place.refuse(seen.error());
  if (seen->size() < secret.least_length) {
    return place.refuse(fmt::format("must have at least {} characters, not {}; make one with `openssl rand -hex 32`",
                                    secret.least_length, seen->size()));
  }
  return {};
}

/// The lines of the text that are not empty.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (const auto line = trim(text.substr(0, end)); !line.empty()) out.emplace_back(line);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

Outcome put(Settings& settings, const Secret& secret, std::string value, const Place& place) {
  std::vector<std::string> lines;
  if (secret.older != nullptr) lines = lines_of(value);
  if (lines.empty()) lines.emplace_back(trim(value));
  for (const std::string& line : lines) {
    if (auto done = check(secret, line, place); !done) return done;
  }
  secret.of(settings) = std::move(lines.front());
  lines.erase(lines.begin());
  if (secret.older != nullptr) secret.older(settings) = std::move(lines);
  return {};
}

/// `name` is the path as written; a relative one starts at the folder of the configuration file.
Outcome put_from_file(Settings& settings, const Secret& secret, const std::string& name,
                      const std::filesystem::path& base, const Place& place) {
  const auto path = base / name;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return place.refuse(fmt::format("names {}, which cannot be read; make it, readable to this user", path.string()));
  std::string text(kMaxSecretFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxSecretFile)
    return place.refuse(fmt::format("names {}, which is too long for a secret", path.string()));
  const auto value = trim(text);
  for (const std::string& line : secret.older != nullptr ? lines_of(value) : std::vector{std::string(value)}) {
    if (const auto seen = visible_secret(line); !seen)
      return place.refuse(fmt::format("names {}, which {}", path.string(), seen.error()));
  }
  if (value.empty())
    return place.refuse(fmt::format("names {}, which is empty; write the secret into it", path.string()));
  return put(settings, secret, std::string(value), place);
}

/// Reads one value of the file.
struct FromToml {
  Settings& settings;
  const toml::node& node;
  const Place& place;

  template <class T, class Kind>
  Outcome typed(const Kind& kind, std::string_view wanted) const {
    const auto value = node.value_exact<T>();
    if (!value) return place.refuse(fmt::format("must be {}", wanted));
    return put(settings, kind, *value, place);
  }
  Outcome operator()(const Text& text) const { return typed<std::string>(text, "a text in quotation marks"); }
  Outcome operator()(const Secret& secret) const { return typed<std::string>(secret, "a text in quotation marks"); }
  Outcome operator()(const Number& number) const {
    return typed<std::int64_t>(number, fmt::format("a whole number from {} to {}", number.least, number.most));
  }
  Outcome operator()(const Flag& flag) const {
    const auto value = node.value_exact<bool>();
    if (!value) return place.refuse("must be true or false");
    flag.of(settings) = *value;
    return {};
  }
  Outcome operator()(const List& list) const {
    const toml::array* items = node.as_array();
    if (items == nullptr) return place.refuse("must be a list such as [\"10.0.0.0/8\"]");
    std::vector<std::string> value;
    for (const auto& item : *items) {
      const auto text = item.value_exact<std::string>();
      if (!text) return place.refuse("must hold texts in quotation marks only");
      value.push_back(*text);
    }
    return put(settings, list, std::move(value), place);
  }
};

/// Reads one value of the environment.
struct FromText {
  Settings& settings;
  std::string_view value;
  const Place& place;

  Outcome operator()(const Text& text) const { return put(settings, text, std::string(value), place); }
  Outcome operator()(const Secret& secret) const { return put(settings, secret, std::string(value), place); }
  Outcome operator()(const Number& number) const {
    std::int64_t out = 0;
    const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), out);
    if (value.empty() || fault != std::errc() || end != value.data() + value.size()) {
      return place.refuse(
          fmt::format("must be a whole number from {} to {}, not \"{}\"", number.least, number.most, value));
    }
    return put(settings, number, out, place);
  }
  Outcome operator()(const Flag& flag) const {
    if (value != "true" && value != "false")
      return place.refuse(fmt::format("must be true or false, not \"{}\"", value));
    flag.of(settings) = value == "true";
    return {};
  }
  Outcome operator()(const List& list) const {
    std::vector<std::string> out;
    for (auto rest = value; !rest.empty();) {
      const auto comma = rest.find(',');
      if (const auto item = trim(rest.substr(0, comma)); !item.empty()) out.emplace_back(item);
      rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
    }
    return put(settings, list, std::move(out), place);
  }
};

struct File {
  Settings& settings;
  std::filesystem::path path;

  Place place(const toml::source_region& source, std::string key) const {
    return {fmt::format("{} (line {})", path.string(), source.begin.line), std::move(key)};
  }

  Outcome read() const {
    toml::table table;
    try {
      table = toml::parse_file(path.string());
    } catch (const toml::parse_error& fault) {
      if (fault.source().begin.line == 0) {
        return std::unexpected(
            fmt::format("{}: cannot be read; check that it is there and readable to this user", path.string()));
      }
      return std::unexpected(
          fmt::format("{} (line {}): not TOML: {}", path.string(), fault.source().begin.line, fault.description()));
    }
    for (const auto& [name, node] : table) {
      const std::string section(name.str());
      const Place here = place(name.source(), "[" + section + "]");
      if (section_doc(section).empty()) return here.refuse("is not a known section; see `minschool example-config`");
      if (!node.is_table()) return here.refuse(fmt::format("is a section; write [{}] and its keys below", section));
      if (auto done = read_section(section, *node.as_table()); !done) return done;
    }
    return {};
  }

  Outcome read_section(std::string_view section, const toml::table& table) const {
    for (const auto& [name, node] : table) {
      const Place here = place(name.source(), fmt::format("{}.{}", section, name.str()));
      if (auto done = read_key(section, name.str(), table, node, here); !done) return done;
    }
    return {};
  }

  Outcome read_key(std::string_view section, std::string_view name, const toml::table& table, const toml::node& node,
                   const Place& here) const {
    std::string known;
    for (const Key& key : keys()) {
      if (key.section != section) continue;
      if (key.name == name) return std::visit(FromToml{settings, node, here}, key.value);
      const auto* secret = std::get_if<Secret>(&key.value);
      if (secret != nullptr && name.ends_with(kFileSuffix) &&
          name.substr(0, name.size() - kFileSuffix.size()) == key.name) {
        if (table.contains(key.name))
          return here.refuse(fmt::format("and {} are both there; leave one out", full_name(key)));
        const auto file = node.value_exact<std::string>();
        if (!file) return here.refuse("must be the path of a file in quotation marks");
        return put_from_file(settings, *secret, *file, path.parent_path(), here);
      }
      known += fmt::format("{}{}", known.empty() ? "" : ", ", key.name);
    }
    return here.refuse(fmt::format("is not a known key; [{}] has {}", section, known));
  }
};

Outcome read_environment(Settings& settings) {
  for (const Key& key : keys()) {
    const std::string variable = variable_of(key);
    const char* value = std::getenv(variable.c_str());
    if (const auto* secret = std::get_if<Secret>(&key.value)) {
      const std::string file_variable = variable_of(key, kFileSuffix);
      if (const char* file = std::getenv(file_variable.c_str())) {
        if (value != nullptr)
          return Place{file_variable, full_name(key)}.refuse(fmt::format("is in {} too; leave one out", variable));
        if (auto done = put_from_file(settings, *secret, file, {}, Place{file_variable, full_name(key)}); !done)
          return done;
      }
    }
    if (value == nullptr) continue;
    const Place place{variable, full_name(key)};
    if (auto done = std::visit(FromText{settings, value, place}, key.value); !done) return done;
  }
  return {};
}

/// An S3 store has all of its keys or none.
Outcome check_s3(const Settings::Storage& storage, const std::string& where) {
  const std::array parts{std::pair("s3_bucket", &storage.s3_bucket), std::pair("s3_access_key", &storage.s3_access_key),
                         std::pair("s3_secret_key", &storage.s3_secret_key)};
  for (const auto& [name, value] : parts) {
    const Place place{where, fmt::format("storage.{}", name)};
    if (storage.s3_endpoint.empty() && !value->empty())
      return place.refuse("has no use without storage.s3_endpoint; set that, too, or leave it out");
    if (!storage.s3_endpoint.empty() && value->empty())
      return place.refuse("is missing; storage.s3_endpoint needs it (docs/operating.md, Files)");
  }
  return {};
}

}  // namespace

std::string_view name_of(Program program) noexcept {
  switch (program) {
    case Program::site:
      return "site";
    case Program::admin:
      return "admin";
    case Program::monitor:
      return "monitor";
    case Program::cli:
      break;
  }
  return "cli";
}

Settings defaults(Program program) {
  constexpr int kAdminPort = 3001;
  constexpr int kMonitorPort = 3002;
  Settings out;
  if (program == Program::admin) {
    out.server.port = kAdminPort;
    out.session.cookie = "minschool.admin";
    // Few clients use it, and their responses are often long lists.
    out.database.fast_connections = 1;
    out.database.slow_connections = 1;
  }
  if (program == Program::monitor) out.server.port = kMonitorPort;
  return out;
}

std::expected<Settings, std::string> load(Program program, const std::filesystem::path& path) {
  Settings out = defaults(program);
  if (!path.empty()) {
    if (auto done = File{out, path}.read(); !done) return std::unexpected(done.error());
  }
  if (auto done = read_environment(out); !done) return std::unexpected(done.error());

  const Place whole{path.empty() ? "environment" : path.string(), ""};
  const bool has_sessions = program == Program::site || program == Program::admin;
  if (out.session.secret.empty() && has_sessions) {
    return Place{whole.where, "session.secret"}.refuse(
        "is missing; make a file with `openssl rand -hex 32` and name it in session.secret_file or "
        "MINSCHOOL_SESSION_SECRET_FILE");
  }
  if (const Conninfo parsed(out.database.url); parsed.options == nullptr) {
    return Place{whole.where, "database.url"}.refuse(
        fmt::format("is not a PostgreSQL URI or conninfo string: {}", parsed.fault));
  }
  if (auto done = check_s3(out.storage, whole.where); !done) return std::unexpected(done.error());
  return out;
}

}  // namespace ms::config
