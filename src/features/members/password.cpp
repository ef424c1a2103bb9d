#include "features/members/password.hpp"

#include <algorithm>

#include "infra/unicode/unicode.hpp"

namespace ms::members {

std::vector<std::string> Passwords::forms(const std::string& typed) {
  std::vector<std::string> out{argon2::normal(typed)};
  for (const std::string& form : {unicode::nfc(typed), typed, unicode::nfd(typed)}) {
    if (std::ranges::find(out, form) == out.end()) out.push_back(form);
  }
  return out;
}

async<std::optional<std::string>> Passwords::hash(const Call& call, std::string form, argon2::Settings settings) {
  std::function<std::string()> job = [form = std::move(form), settings] { return argon2::hash(form, settings); };
  co_return co_await pool_.run<std::string>(std::move(job), call.deadline());
}

async<std::optional<std::string>> Passwords::hash_new(const Call& call, std::string_view password) {
  co_return co_await hash(call, argon2::normal(password), argon2::fresh());
}

}  // namespace ms::members
