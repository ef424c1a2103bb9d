#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Passwords are stored as argon2id strings (RFC 9106; libsodium's crypto_pwhash_str),
// "$argon2id$v=19$m=…,t=…,p=1$salt$hash". This code computes one with a given salt: the programs may not read hashes,
// so they send the whole string to PostgreSQL, which compares it.
namespace ms::members::argon2 {

/// The cost parameters. The defaults are those of new hashes: 19 MiB and 2 passes, OWASP's minimum, 21 ms of one core.
struct Costs {
  std::size_t memory_kib = 19456;
  unsigned passes = 2;
  bool operator==(const Costs&) const = default;
};

struct Settings {
  Costs costs;
  std::array<unsigned char, 16> salt{};
};

/// Today's costs and a new salt.
Settings fresh();
/// Parses the string up to the salt; nothing for another format, or for costs above the limits of a login.
std::optional<Settings> parse(std::string_view beginning);
/// The form in which passwords are hashed: NFC (RFC 8265 4.2), because one keyboard writes "한" as one character and
/// another as three, and without full-width ASCII, because a password field hides the width of its characters.
std::string normal(std::string_view typed);
/// Gives the whole string. Takes as long as the costs demand; throws when there is not enough memory.
std::string hash(std::string_view password, const Settings& settings);

}  // namespace ms::members::argon2
