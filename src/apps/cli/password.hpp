#pragma once
#include <string>
#include <string_view>

namespace ms::cli {

/// The hash of a new password for users.password_hash (features/members/argon2.hpp); takes about 20 ms and 19 MiB.
std::string hash_password(std::string_view password);

/// The password in a file, or on standard input for "-": its first line. Throws Failure when it cannot be read or is
/// too short or too long to be one.
std::string read_password(const std::string& file);

}  // namespace ms::cli
