#include "apps/cli/password.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "apps/cli/command.hpp"
#include "features/members/argon2.hpp"
#include "infra/core/text.hpp"
#include "infra/core/visible.hpp"

namespace ms::cli {
namespace {

constexpr std::size_t kMin = 8;     // NIST SP 800-63B 5.1.1.2
constexpr std::size_t kMax = 1024;  // bytes; no typed password is longer, and a wrong file often is

}  // namespace

std::string hash_password(std::string_view password) {
  return members::argon2::hash(members::argon2::normal(password), members::argon2::fresh());
}

std::string read_password(const std::string& file) {
  std::string line;
  if (file == "-") {
    std::getline(std::cin, line);
  } else {
    std::ifstream in(file);
    if (!in) throw Failure(fmt::format("{}: cannot be read; check that it is there and readable to this user", file));
    std::getline(in, line);
  }
  if (line.ends_with('\r')) line.pop_back();
  // Invisible characters cannot be typed into the login form.
  const auto visible = visible_secret(line);
  if (!visible) throw Failure(fmt::format("{} {}", file == "-" ? "standard input" : file, visible.error()));
  if (*visible != line) {
    throw Failure(fmt::format("{} has blanks before or behind the password; write it again without them",
                              file == "-" ? "standard input" : file));
  }
  if (!valid_utf8(line) || line.size() > kMax || code_points(line) < kMin) {
    throw Failure(fmt::format("the password must have at least {} characters and at most {} bytes", kMin, kMax));
  }
  return line;
}

}  // namespace ms::cli
