#include "apps/decoder/identify.hpp"

#include <magic.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "apps/decoder/compound.hpp"
#include "apps/decoder/hwp.hpp"
#include "apps/decoder/office.hpp"
#include "infra/unicode/encodings.hpp"

namespace ms::decoder {
namespace {

using decoding::find_type;
using decoding::Kind;
using decoding::MediaType;

constexpr std::size_t kLookedAt = 1 << 20;  // what libmagic sees
constexpr std::size_t kMaxText = 32 << 20;  // a longer text is for download only
constexpr std::string_view kZip = "PK\x03\x04";
constexpr std::string_view kCompound = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

MediaType type_of_compound(std::string_view bytes) {
  const CompoundFile file(bytes);
  if (is_hwp(file)) return *find_type("application/x-hwp");
  if (file.has("WordDocument")) return *find_type("application/msword");
  if (file.has("Workbook") || file.has("Book")) return *find_type("application/vnd.ms-excel");
  if (file.has("PowerPoint Document")) return *find_type("application/vnd.ms-powerpoint");
  return decoding::kUnknownType;
}

/// Other names that libmagic has for types of the table.
std::string_view usual_name(std::string_view name) {
  constexpr std::array<std::array<std::string_view, 2>, 3> kOthers{
      {{"image/heif", "image/heic"}, {"video/x-m4v", "video/mp4"}, {"audio/mp4", "audio/x-m4a"}}};
  for (const auto& [other, usual] : kOthers) {
    if (name == other) return usual;
  }
  return name;
}

/// Texts that a browser would run or that something else would read as code are for download only.
bool is_code(std::string_view name) {
  constexpr std::array<std::string_view, 3> kTexts{"text/plain", "text/csv", "application/octet-stream"};
  return std::ranges::find(kTexts, name) == kTexts.end();
}

Identity identify_text(std::string_view magic_name, std::string_view bytes) {
  if (bytes.size() > kMaxText || !unicode::from_text_file(bytes)) return {};
  const MediaType& type = *find_type(decoding::kPlainText);
  return {type, is_code(magic_name) ? Kind::other : type.kind};
}

}  // namespace

void Identifier::Close::operator()(magic_set* cookie) const { magic_close(cookie); }

Identifier::Identifier() : magic_(magic_open(MAGIC_MIME_TYPE)) {
  if (!magic_ || magic_load(magic_.get(), nullptr) != 0) throw std::runtime_error("libmagic has no rules");
}

Identity Identifier::identify(std::string_view bytes) const {
  if (bytes.empty()) return {};
  const auto known = [](const MediaType& type) { return Identity{type, type.kind}; };
  if (bytes.starts_with(kZip)) return known(type_of_zip(bytes));
  if (bytes.starts_with(kCompound)) return known(type_of_compound(bytes));
  const char* const found = magic_buffer(magic_.get(), bytes.data(), std::min(bytes.size(), kLookedAt));
  const std::string_view name = usual_name(found != nullptr ? found : decoding::kUnknownType.name);
  const MediaType* const type = find_type(name);
  if (type != nullptr && type->name != decoding::kPlainText && type->name != decoding::kUnknownType.name) {
    return known(*type);
  }
  return identify_text(name, bytes);
}

}  // namespace ms::decoder
