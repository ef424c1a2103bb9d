#pragma once
#include <string>
#include <string_view>

namespace ms::members {

/// Longest address in bytes (RFC 5321 4.5.3.1.3, less the angle brackets).
constexpr std::size_t kEmailLimit = 254;

/// The one form in which an address is stored and compared: no white space around it, full-width characters as ASCII
/// (NFKC), lower case, the domain in ASCII (UTS #46). The result for an invalid address is unspecified.
std::string normal_email(std::string_view typed);

/// Whether a normal form is a valid address: what HTML's <input type=email> accepts (4.10.5.1.5), with letters of any
/// script before the "@" (RFC 6531), a dot in the domain, and the lengths of RFC 5321. No quoted names, no literals.
bool is_email(std::string_view normal);

}  // namespace ms::members
