#include "features/members/password.hpp"

#include <sodium.h>

#include <array>
#include <stdexcept>

namespace ms::members {
namespace {

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemory = 19 * 1024 * 1024;

std::string hash_now(const std::string& password) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), kPasses, kMemory,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw std::runtime_error("no memory for argon2id");
  }
  return out.data();
}

bool verify_now(const std::string& password, const std::string& hash) {
  if (hash.empty()) {
    hash_now(password);
    return false;
  }
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

}  // namespace

async<std::optional<std::string>> Passwords::hash(const Call& call, std::string password) {
  std::function<std::string()> job = [password = std::move(password)] { return hash_now(password); };
  co_return co_await pool_.run<std::string>(std::move(job), call.deadline());
}

async<std::optional<bool>> Passwords::verify(const Call& call, std::string password, std::string hash) {
  std::function<bool()> job = [password = std::move(password), hash = std::move(hash)] {
    return verify_now(password, hash);
  };
  co_return co_await pool_.run<bool>(std::move(job), call.deadline());
}

}  // namespace ms::members
