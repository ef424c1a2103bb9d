#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "infra/core/keyring.hpp"
#include "infra/core/time.hpp"

// A browser that logged in to an account proves so by a cookie, so that whoever guesses the account's password
// elsewhere does not keep its owner out (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). It is no
// login: all that it gives is a count of wrong passwords of its own.
namespace ms::members {

class KnownDevices {
 public:
  /// Of the newest accounts of one browser, for so long after the last login.
  static constexpr std::size_t kMaxAccounts = 4;
  static constexpr auto kKept = std::chrono::hours(24 * 180);

  /// `realm`: what one program gave is nothing to the other.
  KnownDevices(const secret::Keyring& keys, std::string realm);

  /// What tells this browser from others of the account, or nothing when it never logged in to it.
  std::optional<std::string> find(std::string_view cookie, std::string_view email, Timestamp at) const;
  /// The cookie after a login: this account first, and of what was there the others.
  std::string add(std::string_view cookie, std::string_view email, Timestamp at) const;

 private:
  /// What the tag of an entry is of.
  std::string claim(std::string_view nonce, std::string_view email) const;

  secret::Keyring keys_;
  std::string realm_;
};

}  // namespace ms::members
