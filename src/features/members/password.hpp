#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/io/cpu_pool.hpp"

// Passwords are kept as argon2id strings (RFC 9106; libsodium crypto_pwhash_str) at 19 MiB and 2 passes, OWASP's
// minimum: 21 ms of one core. They are computed on the CpuPool's threads, never on one that serves pages.
namespace ms::members {

class Passwords {
 public:
  explicit Passwords(CpuPool& pool) : pool_(pool) {}

  /// The form in which passwords are hashed: NFC (RFC 8265 4.2), since one keyboard writes "한" as one character and
  /// another as three.
  static std::string normal(std::string_view typed);

  /// Of the password's normal form, for users.password_hash; nullopt when too many are waiting or the deadline passed.
  async<std::optional<std::string>> hash(const Call& call, std::string password);
  /// other_form: the hash is older than normal(), and of the password as some keyboard writes it.
  enum class Match { none, normal_form, other_form };
  /// Whether the password is the hash's; nullopt as above. An empty hash costs as much time and is never right, so that
  /// an unknown account cannot be told by the clock.
  async<std::optional<Match>> verify(const Call& call, std::string password, std::string hash);

 private:
  CpuPool& pool_;
};

}  // namespace ms::members
