#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/members/argon2.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/io/cpu_pool.hpp"

namespace ms::members {

/// Hashes passwords on the CpuPool's threads, never on one that serves pages.
class Passwords {
 public:
  explicit Passwords(CpuPool& pool) : pool_(pool) {}

  /// What may have been hashed when this is typed, the normal form first: one for ASCII, at most four.
  static std::vector<std::string> forms(const std::string& typed);

  /// The hash of one form with these settings; nullopt when too many are waiting or the deadline passed.
  async<std::optional<std::string>> hash(const Call& call, std::string form, argon2::Settings settings);
  /// Of the password's normal form and a new salt, for users.password_hash; nullopt as above.
  async<std::optional<std::string>> hash_new(const Call& call, std::string_view password);

 private:
  CpuPool& pool_;
};

}  // namespace ms::members
