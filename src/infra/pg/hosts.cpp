#include "infra/pg/hosts.hpp"

#include <stdexcept>

namespace ms::pg {
namespace {

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out;
  for (std::size_t from = 0;;) {
    const auto comma = list.find(',', from);
    out.push_back(list.substr(from, comma - from));
    if (comma == std::string::npos) return out;
    from = comma + 1;
  }
}

/// A path of a Unix socket (also in the abstract name space), or the default.
bool is_path(const std::string& host) { return host.empty() || host.starts_with('/') || host.starts_with('@'); }

void append(std::string& list, bool first, const std::string& item) {
  if (!first) list += ',';
  list += item;
}

}  // namespace

async<Parameters> with_addresses(Resolver& resolver, Parameters parameters, Deadline limit) {
  const std::string list = parameters.get("host");
  if (list.empty() || !parameters.get("hostaddr").empty()) co_return parameters;
  const std::vector<std::string> names = split(list);
  const std::vector<std::string> ports = split(parameters.get("port"));
  std::string hosts;
  std::string addresses;
  std::string new_ports;
  std::string unknown;
  bool first = true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Resolver::Lookup found{{std::string()}, {}};  // of a path
    if (!is_path(names[i])) found = co_await resolver.find(names[i], limit);
    if (found.addresses.empty()) unknown = found.error;
    for (const std::string& address : found.addresses) {
      append(hosts, first, names[i]);
      append(addresses, first, address);
      append(new_ports, first, ports[ports.size() > 1 ? std::min(i, ports.size() - 1) : 0]);
      first = false;
    }
  }
  if (first) throw std::runtime_error(unknown);
  parameters.set("host", hosts);
  parameters.set("hostaddr", addresses);
  if (ports.size() > 1) parameters.set("port", new_ports);
  co_return parameters;
}

}  // namespace ms::pg
