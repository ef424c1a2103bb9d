#include "infra/unicode/unicode.hpp"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/idna.h>
#include <unicode/normalizer2.h>
#include <unicode/uspoof.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "infra/unicode/points.hpp"

namespace ms::unicode {
namespace {

using Instance = const icu::Normalizer2* (*)(UErrorCode&);

void check(UErrorCode status) {
  if (U_FAILURE(status)) throw std::runtime_error(std::string("ICU: ") + u_errorName(status));
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

icu::StringPiece piece(std::string_view text) { return {text.data(), static_cast<std::int32_t>(text.size())}; }

std::string normalized(std::string_view text, Instance instance) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* form = instance(status);
  check(status);
  if (form->isNormalizedUTF8(piece(text), status) && U_SUCCESS(status)) return std::string(text);
  status = U_ZERO_ERROR;
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(text.size()));
  form->normalizeUTF8(0, piece(text), sink, nullptr, status);
  check(status);
  return out;
}

/// ICU's checker is created once and read-only afterwards, so any thread may use it (uspoof.h).
const USpoofChecker* checker() {
  static const USpoofChecker* const made = [] {
    UErrorCode status = U_ZERO_ERROR;
    const USpoofChecker* out = uspoof_open(&status);
    check(status);
    return out;
  }();
  return made;
}

std::string skeleton(std::string_view text) {
  std::string out(text.size() * 4 + 16, '\0');
  while (true) {
    UErrorCode status = U_ZERO_ERROR;
    const auto size = uspoof_getSkeletonUTF8(checker(), 0, text.data(), static_cast<std::int32_t>(text.size()),
                                             out.data(), static_cast<std::int32_t>(out.size()), &status);
    const bool fits = status != U_BUFFER_OVERFLOW_ERROR;
    if (fits) check(status);
    out.resize(static_cast<std::size_t>(size));
    if (fits) return out;
  }
}

/// Created once, const afterwards.
const icu::IDNA& idna() {
  static const icu::IDNA* const made = [] {
    UErrorCode status = U_ZERO_ERROR;
    const auto* out = icu::IDNA::createUTS46Instance(
        UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ, status);
    check(status);
    return out;
  }();
  return *made;
}

std::string case_folded(std::string_view text) { return normalized(text, &icu::Normalizer2::getNFKCCasefoldInstance); }

/// The character of a numeric reference, or of a named one that is invisible, at an "&" of `html`; 0 for any other.
/// Moves `at` to its end.
UChar32 reference(std::string_view html, std::size_t& at) {
  const auto end = html.find(';', at);
  if (end == std::string_view::npos || end - at > 10) return 0;
  std::string_view name = html.substr(at + 1, end - at - 1);
  UChar32 point = name == "nbsp" || name == "ensp" || name == "emsp" || name == "thinsp" ? 0xA0 : 0;
  if (name == "zwj" || name == "zwnj" || name == "lrm" || name == "rlm" || name == "shy") point = 0x200B;
  if (name.starts_with('#')) {
    name.remove_prefix(1);
    const int base = name.starts_with('x') || name.starts_with('X') ? 16 : 10;
    if (base == 16) name.remove_prefix(1);
    if (std::from_chars(name.data(), name.data() + name.size(), point, base).ec != std::errc()) point = 0;
  }
  if (point != 0) at = end;
  return point;
}

}  // namespace

std::string nfc(std::string_view text) {
  return is_ascii(text) ? std::string(text) : normalized(text, &icu::Normalizer2::getNFCInstance);
}
std::string nfd(std::string_view text) {
  return is_ascii(text) ? std::string(text) : normalized(text, &icu::Normalizer2::getNFDInstance);
}
std::string nfkc(std::string_view text) {
  return is_ascii(text) ? std::string(text) : normalized(text, &icu::Normalizer2::getNFKCInstance);
}

std::string normal(std::string_view text) {
  const bool plain = is_ascii(text);
  if (plain && text.find_first_of("\r\v\f") == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("\r\n")) continue;
    const bool separator = rest.starts_with("\u2028") || rest.starts_with("\u2029");
    if (rest.front() == '\r' || rest.front() == '\v' || rest.front() == '\f') {
      out += '\n';
    } else if (separator) {
      out += '\n';
      at += 2;
    } else if (rest.starts_with("\u0085")) {
      out += '\n';
      at += 1;
    } else {
      out += rest.front();
    }
  }
  return plain ? out : nfc(out);
}

std::string narrow(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const UChar32 point : points_of(text)) {
    append(out, point >= 0xFF01 && point <= 0xFF5E ? point - 0xFEE0 : point);
  }
  return out;
}

std::string lower(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(text.size()));
  icu::CaseMap::utf8ToLower("", 0, piece(text), sink, nullptr, status);
  check(status);
  return nfc(out);
}

std::string ascii_domain(std::string_view domain) {
  UErrorCode status = U_ZERO_ERROR;
  icu::IDNAInfo info;
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(domain.size()));
  idna().nameToASCII_UTF8(piece(domain), sink, info, status);
  return U_FAILURE(status) || info.hasErrors() ? std::string(domain) : out;
}

std::u32string points(std::string_view text) {
  std::u32string out;
  for (const UChar32 point : points_of(text)) out += point < 0 ? U'\uFFFD' : static_cast<char32_t>(point);
  return out;
}

bool has_only_word_characters(std::string_view text) {
  return std::ranges::all_of(points_of(text), [](UChar32 point) {
    constexpr auto kWord = U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK;
    return point >= 0 && (point < 0x80 || (U_GET_GC_MASK(point) & kWord) != 0);
  });
}

bool visible(std::string_view text) { return std::ranges::any_of(points_of(text), has_shape); }

bool has_letter(std::string_view text) {
  return std::ranges::any_of(points_of(text), [](UChar32 point) { return has_shape(point) && u_isalpha(point); });
}

bool visible_html(std::string_view html) {
  std::string text;
  for (std::size_t at = 0; at < html.size(); ++at) {
    if (html[at] == '<') {
      at = std::min(html.find('>', at), html.size());
      continue;
    }
    const UChar32 point = html[at] == '&' ? reference(html, at) : 0;
    if (point != 0) {
      append(text, point);
    } else {
      text += html[at];
    }
  }
  return visible(text);
}

std::string isolated(std::string_view name) {
  const bool turns = std::ranges::any_of(points_of(name), [](UChar32 point) {
    const auto direction = point < 0 ? U_LEFT_TO_RIGHT : u_charDirection(point);
    return direction == U_RIGHT_TO_LEFT || direction == U_RIGHT_TO_LEFT_ARABIC;
  });
  return turns ? "\u2068" + std::string(name) + "\u2069" : std::string(name);
}

std::string likeness(std::string_view text) {
  std::string kept;
  for (const UChar32 point : points_of(nfkc(text))) {
    if (u_isalnum(point) && has_shape(point)) append(kept, point);
  }
  // Twice: a capital letter has other lookalikes than the small letter to which it folds.
  std::string out = case_folded(skeleton(case_folded(skeleton(kept))));
  // The skeleton maps 1 and I to l but leaves i, to which capital letters fold.
  std::ranges::replace(out, 'i', 'l');
  return out;
}

}  // namespace ms::unicode
