#pragma once
#include <string>

#include "apps/cli/database.hpp"

namespace ms::cli {

/// A member as given on the command line.
struct Member {
  std::string email;
  std::string name;
  std::string role = "member";
  std::string password_file;  ///< empty: a password is generated and shown once
};

/// Normalizes the address to lower case and trims the name; throws Failure when they are not valid for a member.
struct Identity {
  std::string email;
  std::string name;
};
Identity checked(const Member& member);

/// Adds the member, prints a line and gives the id. Throws Failure, also when the address is taken.
std::string add_member(Database& database, const Member& member);

}  // namespace ms::cli
