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

/// Hashes passwords on the threads of the CpuPool, never on a thread that serves pages.
class Passwords {
 public:
  explicit Passwords(CpuPool& pool) : pool_(pool) {}

  /// The forms of a typed password that may have been hashed, the normal form first: one for ASCII, at most four.
  static std::vector<std::string> forms(const std::string& typed);

  /// The hash of one form with these settings; nullopt when the queue is full or the deadline has passed.
  async<std::optional<std::string>> hash(const Call& call, std::string form, argon2::Settings settings);
  /// The hash of the normal form with a new salt, for users.password_hash; nullopt as above.
  async<std::optional<std::string>> hash_new(const Call& call, std::string_view password);

 private:
  CpuPool& pool_;
};

}  // namespace ms::members
