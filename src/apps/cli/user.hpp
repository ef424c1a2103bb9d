#pragma once
#include <string>

#include "apps/cli/database.hpp"

namespace ms::cli {

/// A member as the command line gives one.
struct Member {
  std::string email;
  std::string name;
  std::string role = "member";
  std::string password_file;  ///< empty: a password is made up and shown once
};

/// The address in lower case and the name without blanks around it; throws Failure when they cannot be a member's.
struct Identity {
  std::string email;
  std::string name;
};
Identity checked(const Member& member);

/// Adds the member and says so; the id. Throws Failure, also when the address is taken.
std::string add_member(Database& database, const Member& member);

}  // namespace ms::cli
