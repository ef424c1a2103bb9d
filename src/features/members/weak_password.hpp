#pragma once
#include <initializer_list>
#include <string_view>

namespace ms::members {

/// Whether a password is among the first that somebody would try: one of the commonest (zxcvbn-ts's list), such a one
/// with digits behind it, runs of neighbouring keys or letters, one piece again and again, Korean words typed on a
/// Latin keyboard or as they are, or one of `own`, what is known of its owner and the site. Pure, microseconds.
bool is_weak_password(std::string_view password, std::initializer_list<std::string_view> own);

/// The list, sorted, one a line: made at build time (tools/common_passwords.mjs).
extern const std::string_view kCommonPasswords;

}  // namespace ms::members
