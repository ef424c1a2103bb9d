#include "features/members/name.hpp"

#include <algorithm>
#include <array>

#include "infra/core/text.hpp"

namespace ms::members {
namespace {

// In Korean a title stands anywhere in a name: "우리반 관리자님".
constexpr std::array<std::string_view, 10> kTitles = {"관리자", "운영자", "운영진", "운영팀", "관리팀",
                                                      "관리인", "시스템", "사무국", "어드민", "운영위원"};
// Whole words: "badminton" is a name like any other. The Korean ones are what the pages call staff and guests.
constexpr std::array<std::string_view, 17> kWords = {
    "admin",     "admins", "administrator", "administrators", "moderator", "mod",    "root",   "sysadmin", "system",
    "webmaster", "staff",  "official",      "operator",       "직원",      "직원님", "비회원", "손님"};
// Whole names: who is the head or the office of the place, and says no name. "교장 김하늘" says one.
constexpr std::array<std::string_view, 12> kOffices = {"교장",   "교감",   "원장",   "원감",   "센터장", "이사장",
                                                       "교무실", "행정실", "사무실", "상담실", "학교장", "선생님"};

/// The words of a likeness that was written with spaces, digits and punctuation between them, and the whole.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> out{std::string()};
  std::string letters;
  for (const char c : unicode::lower(unicode::nfkc(name))) {
    const bool divides = (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) < 0x80 && !(c >= 'a' && c <= 'z'));
    if (!divides) {
      out.back() += c;
      letters += c;
    } else if (!out.back().empty()) {
      out.emplace_back();
    }
  }
  out.push_back(letters);
  out.emplace_back(name);
  return out;
}

/// Whether a likeness is an office alone, or with what it is addressed by: "교장", "교장님", "교장선생님".
bool is_office(std::string_view like) {
  return std::ranges::any_of(kOffices, [&](std::string_view office) {
    const std::string title = unicode::likeness(office);
    return like == title || like == title + unicode::likeness("님") || like == title + unicode::likeness("선생님");
  });
}

FieldError wrong(Msg why) { return {"name", why}; }

}  // namespace

Result<void> check_name(const Name& name) {
  std::vector<FieldError> faults;
  if (!name.pure()) {
    faults.push_back(wrong("join.name_characters"_msg));
  } else if (name.empty()) {
    faults.push_back(wrong("join.name_empty"_msg));
  } else if (!unicode::has_letter(name)) {
    faults.push_back(wrong("join.name_letter"_msg));
  }
  if (code_points(name) > kNameLimit) faults.push_back(wrong("join.name_long"_msg));
  if (faults.empty()) return {};
  return Refused(Error(Code::invalid, "error.invalid"_msg, std::move(faults)));
}

bool is_reserved(std::string_view name, std::string_view site) {
  const std::string whole = unicode::likeness(name);
  const std::string own = unicode::likeness(site);
  if (!own.empty() && whole.starts_with(own)) return true;
  if (std::ranges::any_of(kTitles, [&](auto title) { return whole.contains(unicode::likeness(title)); })) return true;
  if (is_office(whole)) return true;
  const auto words = words_of(name);
  return std::ranges::any_of(kWords, [&](std::string_view word) {
    const std::string like = unicode::likeness(word);
    return std::ranges::any_of(words, [&](const std::string& one) { return unicode::likeness(one) == like; });
  });
}

bool looks_like_one_of(std::string_view name, const std::vector<std::string>& others) {
  const std::string like = unicode::likeness(name);
  return !like.empty() && std::ranges::any_of(others, [&](const auto& one) { return unicode::likeness(one) == like; });
}

}  // namespace ms::members
