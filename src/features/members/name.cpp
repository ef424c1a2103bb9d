#include "features/members/name.hpp"

#include <algorithm>
#include <array>

#include "infra/core/text.hpp"
#include "infra/unicode/bare.hpp"

namespace ms::members {
namespace {

// In Korean a title may stand anywhere in a name: "우리반 관리자님".
constexpr std::array<std::string_view, 10> kTitles = {"관리자", "운영자", "운영진", "운영팀", "관리팀",
                                                      "관리인", "시스템", "사무국", "어드민", "운영위원"};
// Compared as whole words, because "badminton" is an ordinary name. The Korean ones are the pages' words for staff and
// guests.
constexpr std::array<std::string_view, 17> kWords = {
    "admin",     "admins", "administrator", "administrators", "moderator", "mod",    "root",   "sysadmin", "system",
    "webmaster", "staff",  "official",      "operator",       "직원",      "직원님", "비회원", "손님"};
// Compared as whole names: offices and people that speak for the school without a personal name. "교장 김하늘" has one.
constexpr auto kOffices = std::to_array<std::string_view>(
    {"교장",   "교감",   "원장",     "원감",       "센터장",   "이사장",     "교무실",   "행정실",
     "사무실", "상담실", "학교장",   "선생님",     "행정실장", "교무실장",   "사무실장", "보건실",
     "관리실", "운영",   "운영지원", "공식",       "공식계정", "사이트관리", "고객센터", "고객지원",
     "스태프", "스탭",   "탈퇴회원", "탈퇴한회원", "管理者",   "管理人",     "管理員",   "管理员"});
// Other titles before or behind the name of somebody who works here: "백지원 선생", "담임 백지원", "백지원 팀장님".
constexpr auto kAddresses = std::to_array<std::string_view>(
    {"님",   "쌤",   "선생", "교사", "강사", "담임", "실장", "팀장", "과장",     "부장",  "국장",
     "대표", "간사", "보건", "상담", "교무", "직원", "관리", "홍보", "official", "staff", "teacher"});
// Signs and digits, and the letters that they stand for.
constexpr std::string_view kSigns = "@43!|10$57";
constexpr std::string_view kLettersOfSigns = "aaeiiiosst";

/// The words between spaces, digits and punctuation; all letters together; and the whole name.
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

/// The name with letters in place of the signs that stand for them: "@dm!n" becomes "admin".
std::string with_letters(std::string_view name) {
  std::string out = unicode::nfkc(name);
  for (std::size_t i = 0; i < kSigns.size(); ++i) std::ranges::replace(out, kSigns[i], kLettersOfSigns[i]);
  return out;
}

/// The name without the digits and signs at its end: "adm1n2" becomes "adm1n".
std::string_view without_end(std::string_view name) {
  constexpr std::string_view kEnds = "0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  return name.substr(0, name.find_last_not_of(kEnds) + 1);
}

bool has_reserved_word(std::string_view name) {
  std::vector<std::string> words = words_of(name);
  for (std::string& word : words) word = unicode::likeness(word);
  return std::ranges::any_of(kWords, [&](auto word) { return std::ranges::count(words, unicode::likeness(word)) > 0; });
}

/// Whether a likeness is an office alone or with an honorific: "교장", "교장님", "교장선생님".
bool is_office(std::string_view like) {
  return std::ranges::any_of(kOffices, [like](std::string_view office) {
    const std::string title = unicode::likeness(office);
    if (!like.starts_with(title)) return false;
    const std::string_view rest = like.substr(title.size());
    return rest.empty() || rest == unicode::likeness("님") || rest == unicode::likeness("선생님");
  });
}

/// Whether a likeness contains a title of staff or is an office.
bool is_title(std::string_view like) {
  if (is_office(like)) return true;
  return std::ranges::any_of(kTitles, [&](auto title) { return like.contains(unicode::likeness(title)); });
}

/// The length of the longest form of address at the beginning of a likeness; 0 when there is none.
std::size_t address_size(std::string_view like) {
  std::size_t longest = 0;
  const auto measure = [&](std::string_view one) {
    const std::string address = unicode::likeness(one);
    if (like.starts_with(address)) longest = std::max(longest, address.size());
  };
  std::ranges::for_each(kOffices, measure);
  std::ranges::for_each(kAddresses, measure);
  return longest;
}

/// Whether a likeness consists only of forms of address, or is empty.
bool only_addresses(std::string_view like) {
  while (const std::size_t size = address_size(like)) like.remove_prefix(size);
  return like.empty();
}

/// Whether a likeness is `other` with only forms of address around it.
bool addresses(std::string_view like, std::string_view other) {
  for (auto at = like.find(other); at != std::string_view::npos; at = like.find(other, at + 1)) {
    if (only_addresses(like.substr(0, at)) && only_addresses(like.substr(at + other.size()))) return true;
  }
  return false;
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
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, std::move(faults)));
}

bool is_reserved(std::string_view name, std::string_view site) {
  const std::string whole = unicode::likeness(name);
  const std::string own = unicode::likeness(site);
  if (!own.empty() && whole.starts_with(own)) return true;
  if (is_title(whole) || is_title(unicode::likeness(unicode::bare(name)))) return true;
  return has_reserved_word(name) || has_reserved_word(with_letters(name)) ||
         has_reserved_word(with_letters(without_end(name)));
}

bool looks_like_one_of(std::string_view name, const std::vector<std::string>& others) {
  const std::string whole = unicode::likeness(name);
  const std::string bare = unicode::likeness(unicode::bare(name));
  return std::ranges::any_of(others, [&](const std::string& one) {
    const std::string other = unicode::likeness(one);
    return !other.empty() && (addresses(whole, other) || addresses(bare, other));
  });
}

}  // namespace ms::members
