#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "infra/core/keyring.hpp"
#include "infra/core/time.hpp"

// A cookie proves that a browser has logged in to an account before, so that somebody who guesses the password
// elsewhere does not lock the owner out (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). The cookie is
// not a login: its only effect is a separate count of wrong passwords.
namespace ms::members {

class KnownDevices {
 public:
  /// A cookie holds the newest accounts of a browser, each for this long after its last login.
  static constexpr std::size_t kMaxAccounts = 4;
  static constexpr auto kLifetime = std::chrono::hours(24 * 180);

  /// `realm`: the Site does not accept cookies of the Admin, nor the reverse.
  KnownDevices(const secret::Keyring& keys, std::string realm);

  /// The nonce that identifies this browser for the account; nothing when it has never logged in to it.
  std::optional<std::string> find(std::string_view cookie, std::string_view email, Timestamp at) const;
  /// The cookie after a login: this account first, then the other accounts of the old cookie.
  std::string add(std::string_view cookie, std::string_view email, Timestamp at) const;

 private:
  /// The text that an entry's tag authenticates.
  std::string claim(std::string_view nonce, std::string_view email) const;

  secret::Keyring keys_;
  std::string realm_;
};

}  // namespace ms::members
