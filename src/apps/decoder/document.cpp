#include "apps/decoder/document.hpp"

#include <optional>
#include <string>
#include <utility>

#include "apps/decoder/compound.hpp"
#include "apps/decoder/hwp.hpp"
#include "apps/decoder/office.hpp"
#include "apps/decoder/pdf.hpp"
#include "apps/decoder/picture.hpp"
#include "infra/core/text.hpp"
#include "infra/unicode/encodings.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::decoder {
namespace {

using decoding::MediaType;
using decoding::Refusal;
using decoding::Report;

constexpr std::size_t kMaxText = 2 << 20;
constexpr std::size_t kMaxBytes = 256 << 20;

/// What is written of a document.
struct Content {
  std::string text;
  std::optional<std::string> picture;
};

/// The beginning that fits, without half a character.
std::string_view cut(std::string_view text, Report& report) {
  if (text.size() <= kMaxText) return text;
  report.text_is_cut = true;
  std::size_t end = kMaxText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

void write_text(std::string_view text, Output& output, Report& report) {
  const unicode::Text clean(cut(text, report));
  if (trim(clean.text()).empty()) return;
  output.part({.name = "text.txt", .bytes = cut(clean.text(), report)});
}

Content hwp_content(std::string_view bytes, Report& report) {
  const CompoundFile file(bytes);
  if (!file.is_open()) report.refusal = Refusal::broken;
  if (file.is_open() && hwp_is_locked(file)) report.refusal = Refusal::locked;
  if (report.refusal != Refusal::none) return {};
  return {hwp_text(file), hwp_picture(file)};
}

Content office_content(const MediaType& type, std::string_view bytes, Report& report) {
  OfficeContent read = read_office(type, bytes);
  if (!read.complete) report.refusal = Refusal::too_large;
  return {std::move(read.text), std::move(read.picture)};
}

Content content_of(const MediaType& type, std::string_view bytes, Report& report) {
  if (type.name == decoding::kPlainText) return {unicode::from_text_file(bytes).value_or(""), {}};
  if (type.name == "application/pdf") return {pdf_text(bytes, report), {}};
  if (type.name == "application/x-hwp") return hwp_content(bytes, report);
  return office_content(type, bytes, report);
}

}  // namespace

void prepare_document(const MediaType& type, std::string_view bytes, Output& output, Report& report) {
  if (bytes.size() > kMaxBytes) {
    report.refusal = Refusal::too_large;
    return;
  }
  const Content content = content_of(type, bytes, report);
  write_text(content.text, output, report);
  if (report.refusal != Refusal::none) return;
  if (type.name == "application/pdf") prepare_preview(bytes, output);
  if (content.picture) prepare_preview(*content.picture, output);
}

}  // namespace ms::decoder
