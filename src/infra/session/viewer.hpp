#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "infra/core/id.hpp"
#include "infra/core/message.hpp"

namespace ms::session {

/// The seed's roles; the number is roles.rank in PostgreSQL and compares as "at least".
enum class Role : int { guest = 0, member = 1, staff = 2, admin = 3 };

/// "guest", "member", "staff", "admin": as in PostgreSQL, the API and session JSON.
std::string_view name_of(Role role);
std::optional<Role> role_of(std::string_view name);
/// Its name in texts: "role.staff".
Msg word_of(Role role);

/// What a role may do (table role_permissions). read, write and comment are checked together with the board's own
/// ranks.
enum class Permission : std::uint32_t {
  read = 1,
  write = 2,
  comment = 4,
  notice = 8,
  remove = 16,  ///< "delete" in the seed: other people's content
  admin = 32,   ///< log in to the Admin
  members = 64,
  moderate = 128,  ///< hide and restore
  roles = 256,
  boards = 512,
  servers = 1024,  ///< take a server out of service and bring it back
};
/// "read", …, "delete", …: as in PostgreSQL (role_permissions.permission).
std::string_view name_of(Permission permission);

/// A set of permissions.
class Permissions {
 public:
  Permissions() = default;
  /// From names joined by commas; unknown names are left out (a newer version's).
  static Permissions parse(std::string_view names);
  bool has(Permission permission) const noexcept { return (bits_ & static_cast<std::uint32_t>(permission)) != 0; }
  std::string names() const;

 private:
  std::uint32_t bits_ = 0;
};

/// Whoever sends the request: a guest, or a member whose session was authenticated for it.
struct Viewer {
  MemberId id;
  std::string name;
  std::string email;
  Role role = Role::guest;
  Permissions permissions;
  std::string session_id;  ///< the raw id from the cookie; empty for a guest; never logged
  bool hidden = false;     ///< does not want to be shown as present or as writing
  std::string guest = {};  ///< distinguishes guests where they are counted (features/presence)

  bool signed_in() const noexcept { return static_cast<bool>(id); }
  bool may(Permission permission) const noexcept { return permissions.has(permission); }
  int rank() const noexcept { return static_cast<int>(role); }
};

}  // namespace ms::session
