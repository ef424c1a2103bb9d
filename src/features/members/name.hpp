#pragma once
#include <string_view>
#include <vector>

#include "infra/core/result.hpp"
#include "infra/unicode/unicode.hpp"

// The rules for names: every member has a readable one, and nobody can pose as staff.
namespace ms::members {

/// Longest name in characters.
constexpr std::size_t kNameLimit = 30;

/// A member's name in its normal form: a line whose full-width ASCII letters and digits are ordinary ones.
class Name : public unicode::Line {
 public:
  Name() = default;
  template <std::convertible_to<std::string_view> T>
    requires(!std::derived_from<T, Name>)
  Name(const T& typed) : Line(unicode::narrow(typed)) {}  // NOLINT(google-explicit-constructor): as Line
};

/// Pure. A name has 1 to kNameLimit characters, at least one of them a visible letter. Error on the field "name".
Result<void> check_name(const Name& name);

/// Whether a name claims to act for the site: "관리자", "운영진", "admin", the site's own name, also with spaces,
/// digits, signs and lookalike letters ("관1리자", "@dmin"). Such names are for staff only.
bool is_reserved(std::string_view name, std::string_view site);

/// Whether `name` looks like one of `others` (unicode::likeness), alone or with an addition that still means the same
/// person: a title ("백지원 선생님"), digits and signs ("백지원1", "백지원™"), something in brackets. "백지원 3반" is
/// another person.
bool looks_like_one_of(std::string_view name, const std::vector<std::string>& others);

}  // namespace ms::members
