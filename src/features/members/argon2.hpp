#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Passwords are kept as argon2id strings (RFC 9106; libsodium's crypto_pwhash_str),
// "$argon2id$v=19$m=…,t=…,p=1$salt$hash". Here one is made with a salt that is known: the programs may not read hashes,
// so they show PostgreSQL the whole one.
namespace ms::members::argon2 {

/// With what a password is hashed. The default is what new hashes have: 19 MiB and 2 passes, OWASP's minimum, 21 ms of
/// one core.
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
/// Of a hash's string up to the salt; nothing for what is not ours, or costs more than a login may.
std::optional<Settings> parse(std::string_view beginning);
/// The form in which passwords are hashed: NFC (RFC 8265 4.2), since one keyboard writes "한" as one character and
/// another as three, and without full-width ASCII, since nobody sees how wide the input method writes.
std::string normal(std::string_view typed);
/// The whole string. Takes the time of the costs; throws when there is no memory.
std::string hash(std::string_view password, const Settings& settings);

}  // namespace ms::members::argon2
