#include "features/members/password.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "infra/unicode/unicode.hpp"

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

/// What may have been hashed when this is typed: one for ASCII, at most three.
std::vector<std::string> forms_of(const std::string& typed) {
  std::vector<std::string> out{Passwords::normal(typed)};
  for (const std::string& form : {typed, unicode::nfd(typed)}) {
    if (std::ranges::find(out, form) == out.end()) out.push_back(form);
  }
  return out;
}

Passwords::Match verify_now(const std::string& password, const std::string& hash) {
  const auto forms = forms_of(password);
  for (std::size_t i = 0; i < forms.size(); ++i) {
    if (hash.empty()) {
      hash_now(forms[i]);
    } else if (crypto_pwhash_str_verify(hash.c_str(), forms[i].data(), forms[i].size()) == 0) {
      return i == 0 ? Passwords::Match::normal_form : Passwords::Match::other_form;
    }
  }
  return Passwords::Match::none;
}

}  // namespace

std::string Passwords::normal(std::string_view typed) { return unicode::nfc(typed); }

async<std::optional<std::string>> Passwords::hash(const Call& call, std::string password) {
  std::function<std::string()> job = [password = normal(password)] { return hash_now(password); };
  co_return co_await pool_.run<std::string>(std::move(job), call.deadline());
}

async<std::optional<Passwords::Match>> Passwords::verify(const Call& call, std::string password, std::string hash) {
  std::function<Match()> job = [password = std::move(password), hash = std::move(hash)] {
    return verify_now(password, hash);
  };
  co_return co_await pool_.run<Match>(std::move(job), call.deadline());
}

}  // namespace ms::members
