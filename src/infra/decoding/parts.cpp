#include "infra/decoding/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <optional>

#include "infra/core/text.hpp"

namespace ms::decoding {
namespace {

namespace json = boost::json;

constexpr std::string_view kType = "type.json";
constexpr std::string_view kReport = "report.json";
constexpr std::string_view kText = "text.txt";
constexpr std::array<std::string_view, 12> kNames{"thumb.webp",   "card.webp",      "page.webp",       "large.webp",
                                                  "original.jpg", "original.png",   "original.webp",   "original.gif",
                                                  "preview.webp", "avatar-64.webp", "avatar-256.webp", kText};
constexpr std::size_t kMaxHead = 100;
constexpr std::size_t kMaxJson = 1000;
constexpr int kMaxNumber = 1'000'000;
constexpr std::array<std::string_view, 4> kRefusals{"none", "broken", "too_large", "locked"};
constexpr std::array<std::string_view, 3> kKinds{"picture", "document", "other"};

template <class Enum, std::size_t N>
std::string_view word_of(const std::array<std::string_view, N>& words, Enum value) {
  return words.at(static_cast<std::size_t>(value));
}

template <class Enum, std::size_t N>
std::optional<Enum> find_word(const std::array<std::string_view, N>& words, std::string_view word) {
  const auto* const found = std::ranges::find(words, word);
  if (found == words.end()) return std::nullopt;
  return static_cast<Enum>(found - words.begin());
}

/// Takes a number that a blank or the end follows off the line.
std::optional<std::uint64_t> take_number(std::string_view& line) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc()) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (!line.empty() && !line.starts_with(' ')) return std::nullopt;
  line.remove_prefix(line.empty() ? 0 : 1);
  return number;
}

/// Takes the next part off the output; nothing when it is not whole.
std::optional<Part> take_part(std::string_view& output) {
  const std::size_t end = output.substr(0, kMaxHead).find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = output.substr(0, end);
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  Part part{.name = line.substr(0, blank), .bytes = {}};
  line.remove_prefix(blank + 1);
  const auto width = take_number(line);
  const auto height = take_number(line);
  const auto size = take_number(line);
  if (!width || !height || !size || !line.empty() || *width > kMaxNumber || *height > kMaxNumber) return std::nullopt;
  output.remove_prefix(end + 1);
  if (*size > output.size()) return std::nullopt;
  part.width = static_cast<int>(*width);
  part.height = static_cast<int>(*height);
  part.bytes = output.substr(0, *size);
  output.remove_prefix(*size);
  return part;
}

std::optional<json::object> object_of(std::string_view text) {
  if (text.size() > kMaxJson) return std::nullopt;
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

std::string_view text_at(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  const json::string* const text = found != nullptr ? found->if_string() : nullptr;
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

int number_at(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  const std::int64_t* const number = found != nullptr ? found->if_int64() : nullptr;
  return number != nullptr ? static_cast<int>(std::clamp<std::int64_t>(*number, 0, kMaxNumber)) : 0;
}

bool flag_at(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

bool read_type(std::string_view text, Report& report) {
  const auto object = object_of(text);
  if (!object) return false;
  const MediaType* const type = find_type(text_at(*object, "type"));
  const auto kind = find_word<Kind>(kKinds, text_at(*object, "kind"));
  if (type == nullptr || !kind || (*kind != type->kind && *kind != Kind::other)) return false;
  report.type = *type;
  report.kind = *kind;
  return true;
}

bool read_report(std::string_view text, Report& report) {
  const auto object = object_of(text);
  if (!object) return false;
  const auto refusal = find_word<Refusal>(kRefusals, text_at(*object, "refusal"));
  if (!refusal) return false;
  report.refusal = *refusal;
  report.width = number_at(*object, "width");
  report.height = number_at(*object, "height");
  report.animated = flag_at(*object, "animated");
  report.pages = number_at(*object, "pages");
  report.text_is_cut = flag_at(*object, "text_is_cut");
  return true;
}

std::string json_part(std::string_view name, const json::object& object) {
  const std::string text = json::serialize(object);
  return part_head({.name = name, .bytes = text}) + text;
}

bool acceptable(const Part& part, const std::vector<Part>& before) {
  if (!is_part_name(part.name) || std::ranges::find(before, part.name, &Part::name) != before.end()) return false;
  return part.name != kText || valid_utf8(part.bytes);
}

}  // namespace

bool is_part_name(std::string_view name) { return std::ranges::find(kNames, name) != kNames.end(); }

std::string part_head(const Part& part) {
  return fmt::format("{} {} {} {}\n", part.name, part.width, part.height, part.bytes.size());
}

std::string type_part(const MediaType& type, Kind kind) {
  return json_part(kType, {{"type", type.name}, {"kind", word_of(kKinds, kind)}});
}

std::string report_part(const Report& report) {
  return json_part(kReport, {{"refusal", word_of(kRefusals, report.refusal)},
                             {"width", report.width},
                             {"height", report.height},
                             {"animated", report.animated},
                             {"pages", report.pages},
                             {"text_is_cut", report.text_is_cut}});
}

Parsed parse(std::string_view output) {
  Parsed out;
  const auto type = take_part(output);
  if (!type || type->name != kType || !read_type(type->bytes, out.report)) return out;
  while (const auto part = take_part(output)) {
    if (part->name == kReport) {
      out.complete = read_report(part->bytes, out.report) && output.empty();
      break;
    }
    if (!acceptable(*part, out.parts)) break;
    out.parts.push_back(*part);
  }
  return out;
}

}  // namespace ms::decoding
