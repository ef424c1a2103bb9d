#include "apps/decoder/hwp.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>

#include "infra/unicode/encodings.hpp"

namespace ms::decoder {
namespace {

constexpr std::string_view kSignature = "HWP Document File";
constexpr std::size_t kPropertiesAt = 36;  // in FileHeader
constexpr std::uint32_t kCompressed = 1 << 0;
constexpr std::uint32_t kPassword = 1 << 1;
constexpr std::uint32_t kDistributed = 1 << 2;       // its sections are encrypted, without a password to read it
constexpr std::uint32_t kParagraphText = 0x10 + 51;  // the tag of a record
constexpr std::uint32_t kLongSize = 0xFFF;           // the size follows as a number of its own
constexpr int kMaxSections = 256;
constexpr std::size_t kMaxSection = 32 << 20;
constexpr std::size_t kMaxText = 8 << 20;

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < size && at + i < bytes.size(); ++i) {
    out |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return out;
}

std::uint32_t properties(const CompoundFile& file) {
  return number_at(file.read("FileHeader").value_or(""), kPropertiesAt, sizeof(std::uint32_t));
}

/// Characters below 32 are controls; these are alone, all others take the place of eight characters.
bool is_single(std::uint32_t control) { return control == 0 || control == 10 || control == 13 || control >= 24; }

std::string_view written_as(std::uint32_t control) {
  constexpr std::uint32_t kTab = 9, kLineBreak = 10, kHyphen = 24, kBoundSpace = 30, kFixedSpace = 31;
  switch (control) {
    case kTab:
      return {"\t\0", 2};
    case kLineBreak:
      return {"\n\0", 2};
    case kHyphen:
      return {"-\0", 2};
    case kBoundSpace:
    case kFixedSpace:
      return {" \0", 2};
    default:
      return {};
  }
}

/// The text of one paragraph, as UTF-16.
void append_paragraph(std::string_view text, std::string& out) {
  constexpr std::size_t kUnit = 2, kControl = 8 * kUnit;
  constexpr std::uint32_t kFirstCharacter = 32;
  for (std::size_t at = 0; at + kUnit <= text.size();) {
    const std::uint32_t unit = number_at(text, at, kUnit);
    if (unit >= kFirstCharacter) {
      out += text.substr(at, kUnit);
      at += kUnit;
      continue;
    }
    out += written_as(unit);
    at += is_single(unit) ? kUnit : kControl;
  }
  out += {'\n', '\0'};
}

std::string sections_text(const CompoundFile& file, bool compressed) {
  std::string out;
  for (int i = 0; i < kMaxSections && out.size() < kMaxText; ++i) {
    const auto stream = file.read("BodyText", "Section" + std::to_string(i));
    if (!stream) break;
    out += section_text(compressed ? inflate(*stream, kMaxSection) : *stream);
  }
  return out;
}

}  // namespace

bool is_hwp(const CompoundFile& file) {
  const auto header = file.read("FileHeader");
  return header && header->starts_with(kSignature);
}

bool hwp_is_locked(const CompoundFile& file) { return (properties(file) & kPassword) != 0; }

std::string hwp_text(const CompoundFile& file) {
  const std::uint32_t about = properties(file);
  std::string text;
  if ((about & (kPassword | kDistributed)) == 0) text = sections_text(file, (about & kCompressed) != 0);
  if (text.find_first_not_of("\n\t ") != std::string::npos) return text;
  return unicode::from_utf16(file.read("PrvText").value_or(""));
}

std::optional<std::string> hwp_picture(const CompoundFile& file) { return file.read("PrvImage"); }

std::string section_text(std::string_view records) {
  constexpr std::size_t kHead = 4;
  std::string utf16;
  while (records.size() >= kHead && utf16.size() < kMaxText) {
    const std::uint32_t head = number_at(records, 0, kHead);
    const std::uint32_t tag = head & 0x3FF;
    std::size_t size = head >> 20;
    records.remove_prefix(kHead);
    if (size == kLongSize) {
      if (records.size() < kHead) break;
      size = number_at(records, 0, kHead);
      records.remove_prefix(kHead);
    }
    const std::string_view data = records.substr(0, size);
    if (tag == kParagraphText) append_paragraph(data, utf16);
    records.remove_prefix(data.size());
  }
  return unicode::from_utf16(utf16);
}

std::string inflate(std::string_view deflated, std::size_t limit) {
  constexpr std::size_t kChunk = 64 * 1024;
  constexpr int kRaw = -15;  // no header, the largest window
  z_stream stream{};
  std::string out;
  if (::inflateInit2(&stream, kRaw) != Z_OK) return out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(deflated.size(), UINT32_MAX));
  int result = Z_OK;
  while (result == Z_OK && out.size() < limit) {
    const std::size_t before = out.size();
    out.resize(std::min(before + kChunk, limit));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(out.size() - before);
    result = ::inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  return out;
}

}  // namespace ms::decoder
