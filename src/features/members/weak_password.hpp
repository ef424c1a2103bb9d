#pragma once
#include <initializer_list>
#include <string_view>

namespace ms::members {

/// Whether a password is easily guessed: one of the most common (zxcvbn-ts's list), one of these with digits behind it,
/// runs of neighbouring keys or letters, a repeated piece, Korean words typed on a Latin keyboard or as they are, or
/// one of `own`, the facts about its owner and the site. Pure; takes microseconds.
bool is_weak_password(std::string_view password, std::initializer_list<std::string_view> own);

/// The list, sorted, one password a line; generated at build time (tools/common_passwords.mjs).
extern const std::string_view kCommonPasswords;

}  // namespace ms::members
