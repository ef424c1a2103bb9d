#pragma once
#include <optional>
#include <string>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/io/cpu_pool.hpp"

// Passwords are kept as argon2id strings (RFC 9106; libsodium crypto_pwhash_str) at 19 MiB and 2 passes, OWASP's
// minimum: 21 ms of one core. They are computed on the CpuPool's threads, never on one that serves pages.
namespace ms::members {

class Passwords {
 public:
  explicit Passwords(CpuPool& pool) : pool_(pool) {}

  /// The string for users.password_hash; nullopt when too many are waiting or the deadline passed.
  async<std::optional<std::string>> hash(const Call& call, std::string password);
  /// Whether the password is the hash's; nullopt as above. An empty hash costs as much time and is never right, so that
  /// an unknown account cannot be told by the clock.
  async<std::optional<bool>> verify(const Call& call, std::string password, std::string hash);

 private:
  CpuPool& pool_;
};

}  // namespace ms::members
