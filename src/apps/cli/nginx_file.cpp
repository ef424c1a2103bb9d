#include "apps/cli/nginx_file.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "apps/cli/command.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/options.hpp"
#include "infra/core/text.hpp"

namespace ms::cli {
namespace {

struct Line {
  std::string_view text;  ///< without the marker and blanks at the ends
  std::string_view indent;
  std::string_view marker;  ///< empty: none
};

Line parse(std::string_view whole) {
  Line out;
  const auto first = whole.find_first_not_of(" \t");
  out.indent = whole.substr(0, first == whole.npos ? 0 : first);
  out.text = trim(whole);
  const auto at = out.text.rfind("# @");
  if (at == out.text.npos) return out;
  const auto name = out.text.substr(at + 3);
  if (name.empty() || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != name.npos) return out;
  out.marker = name;
  out.text = trim(out.text.substr(0, at));
  return out;
}

template <class Use>
void each_line(std::string_view text, const Use& use) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    use(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
}

}  // namespace

MarkerLines marked_lines(std::string_view text) {
  MarkerLines out;
  std::map<std::string, int> runs;
  std::string last;
  each_line(text, [&](std::string_view whole) {
    const Line line = parse(whole);
    const std::string marker(line.marker);
    // Each place of a marker has the same lines: the first place is read.
    if (marker != last && !marker.empty()) ++runs[marker];
    if (!marker.empty() && runs[marker] == 1) out[marker].emplace_back(line.text);
    last = marker;
  });
  return out;
}

std::string with_marked(std::string_view text, const MarkerLines& values) {
  std::string out;
  std::string_view last;
  each_line(text, [&](std::string_view whole) {
    const Line line = parse(whole);
    const auto value = values.find(std::string(line.marker));
    if (line.marker.empty() || value == values.end()) {
      out += fmt::format("{}\n", whole);
    } else if (line.marker != last) {
      for (const auto& one : value->second) out += fmt::format("{}{}  # @{}\n", line.indent, one, line.marker);
    }
    last = line.marker;
  });
  return out;
}

std::vector<std::string> unmarked_lines(std::string_view text) {
  std::vector<std::string> out;
  each_line(text, [&](std::string_view whole) {
    const Line line = parse(whole);
    if (line.marker.empty() && !line.text.empty() && !line.text.starts_with('#')) out.emplace_back(line.text);
  });
  return out;
}

void add_nginx_config(CLI::App& app) {
  auto* command = app.add_subcommand(
      "nginx-config", "Prints a file of /usr/share/minschool/nginx with other values on its lines marked # @name");
  struct CommandOptions {
    std::string file;
    std::vector<std::string> values;
    bool all = false;
    setup::SetupOptions site;
  };
  const auto chosen = std::make_shared<CommandOptions>();
  command->add_option("FILE", chosen->file, "The file with the marks")->required()->check(CLI::ExistingFile);
  command->add_option("--set", chosen->values, "name=value; a value may have several lines. May be given again");
  command->add_option("--domain", chosen->site.domain, "First as `minschool setup` would, for a site of this domain");
  command->add_option("--admin-domain", chosen->site.admin_domain, "Domain of the Admin (default: admin.DOMAIN)");
  command->add_option("--address", chosen->site.address, "Address of its app server");
  command->add_option("--tls-certificate", chosen->site.certificate, "Certificate with its chain (fullchain.pem)");
  command->add_option("--tls-key", chosen->site.certificate_key, "Its key (privkey.pem)");
  command->add_option("--proxy", chosen->site.proxies, "Network of a CDN or load balancer in front; may be given again")
      ->check(setup::proxy_network);
  command->add_flag("--tls-in-front", chosen->site.tls_in_front, "That proxy has the certificate");
  command->add_flag("--all", chosen->all, "Every mark of the file must be set");
  command->callback([chosen] {
    std::string text = setup::read_file(chosen->file);
    if (!chosen->site.domain.empty()) {
      if (chosen->site.admin_domain.empty()) chosen->site.admin_domain = "admin." + chosen->site.domain;
      text = setup::nginx_file(chosen->site, text);
    }
    const MarkerLines markers = marked_lines(text);
    MarkerLines values;
    for (const auto& given : chosen->values) {
      const auto equals = given.find('=');
      if (equals == given.npos) throw Failure(fmt::format("--set needs name=value, not \"{}\"", given), kUsage);
      auto& lines = values[given.substr(0, equals)];
      each_line(std::string_view(given).substr(equals + 1), [&](std::string_view line) { lines.emplace_back(line); });
    }
    for (const auto& [name, lines] : markers) {
      if (chosen->all && !values.contains(name)) {
        throw Failure(fmt::format("{} has the mark @{}, which is not set", chosen->file, name), kUsage);
      }
    }
    std::cout << with_marked(text, values);
  });
}

}  // namespace ms::cli
