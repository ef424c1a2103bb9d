#include "infra/session/viewer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ms::session {
namespace {

constexpr std::array<std::string_view, 4> kRoles = {"guest", "member", "staff", "admin"};
constexpr std::array<std::pair<std::string_view, Permission>, 11> kPermissions = {{
    {"read", Permission::read},
    {"write", Permission::write},
    {"comment", Permission::comment},
    {"notice", Permission::notice},
    {"delete", Permission::remove},
    {"admin", Permission::admin},
    {"members", Permission::members},
    {"moderate", Permission::moderate},
    {"roles", Permission::roles},
    {"boards", Permission::boards},
    {"servers", Permission::servers},
}};

}  // namespace

std::string_view name_of(Role role) { return kRoles.at(static_cast<std::size_t>(role)); }

Msg word_of(Role role) {
  switch (role) {
    case Role::guest:
      return "role.guest"_msg;
    case Role::member:
      return "role.member"_msg;
    case Role::staff:
      return "role.staff"_msg;
    case Role::admin:
      return "role.admin"_msg;
  }
  return "role.guest"_msg;
}

std::optional<Role> role_of(std::string_view name) {
  for (std::size_t rank = 0; rank < kRoles.size(); ++rank) {
    if (kRoles[rank] == name) return static_cast<Role>(rank);
  }
  return std::nullopt;
}

std::string_view name_of(Permission permission) {
  return std::ranges::find(kPermissions, permission, [](const auto& each) { return each.second; })->first;
}

Permissions Permissions::parse(std::string_view names) {
  Permissions out;
  while (!names.empty()) {
    const auto comma = names.find(',');
    const auto name = names.substr(0, comma);
    for (const auto& [candidate, permission] : kPermissions) {
      if (candidate == name) out.bits_ |= static_cast<std::uint32_t>(permission);
    }
    if (comma == std::string_view::npos) break;
    names.remove_prefix(comma + 1);
  }
  return out;
}

std::string Permissions::names() const {
  std::string out;
  for (const auto& [name, permission] : kPermissions) {
    if (!has(permission)) continue;
    if (!out.empty()) out += ',';
    out += name;
  }
  return out;
}

}  // namespace ms::session
