#include "infra/unicode/encodings.hpp"

#include <unicode/ucnv.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <memory>

namespace ms::unicode {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kLittleMark = "\xFF\xFE";
constexpr std::string_view kBigMark = "\xFE\xFF";

using Converter = std::unique_ptr<UConverter, decltype(&ucnv_close)>;

Converter open_converter(const char* name) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name, &error), ucnv_close);
  return U_SUCCESS(error) ? std::move(converter) : Converter(nullptr, ucnv_close);
}

std::optional<std::string> convert(UConverter* converter, std::string_view bytes) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::UnicodeString text(bytes.data(), static_cast<std::int32_t>(bytes.size()), converter, error);
  if (U_FAILURE(error)) return std::nullopt;
  std::string out;
  text.toUTF8String(out);
  return out;
}

/// Each converter gives U+FFFD for what it does not know, but for `strict` ones, which fail.
std::optional<std::string> convert(const char* name, std::string_view bytes, bool strict) {
  const Converter converter = open_converter(name);
  if (!converter) return std::nullopt;
  UErrorCode error = U_ZERO_ERROR;
  if (strict) ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
  return U_SUCCESS(error) ? convert(converter.get(), bytes) : std::nullopt;
}

bool is_control_of_no_text(char byte) {
  constexpr std::string_view kOfTexts = "\t\n\r\f\x1b";
  const auto value = static_cast<unsigned char>(byte);
  return (value < 0x20 && !kOfTexts.contains(byte)) || value == 0x7f;
}

std::optional<std::string> without_controls(std::optional<std::string> text) {
  return text && std::ranges::none_of(*text, is_control_of_no_text) ? text : std::nullopt;
}

}  // namespace

std::string from_utf16(std::string_view bytes) { return convert("UTF-16LE", bytes, false).value_or(""); }

std::optional<std::string> from_cp949(std::string_view bytes) {
  constexpr char kNoCharacter = '\xFF';  // ICU makes a private character of it
  if (bytes.contains(kNoCharacter)) return std::nullopt;
  return convert("windows-949-2000", bytes, true);
}

std::optional<std::string> from_text_file(std::string_view bytes) {
  if (bytes.starts_with(kLittleMark)) return without_controls(convert("UTF-16LE", bytes.substr(2), true));
  if (bytes.starts_with(kBigMark)) return without_controls(convert("UTF-16BE", bytes.substr(2), true));
  if (bytes.starts_with(kUtf8Mark)) bytes.remove_prefix(kUtf8Mark.size());
  // Before anything is converted: most files that are no text end here.
  if (std::ranges::any_of(bytes, is_control_of_no_text)) return std::nullopt;
  if (auto text = convert("UTF-8", bytes, true)) return text;
  return from_cp949(bytes);
}

}  // namespace ms::unicode
