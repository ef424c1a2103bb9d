#include "apps/decoder/office.hpp"

#include <expat.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "apps/decoder/zip.hpp"

namespace ms::decoder {
namespace {

using decoding::MediaType;

constexpr std::string_view kHwpx = "application/hwp+zip";
constexpr std::string_view kDocx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
constexpr std::string_view kXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
constexpr std::string_view kPptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
constexpr std::string_view kPicture = "Preview/PrvImage.png";
constexpr std::size_t kMaxText = 8 << 20;

/// How a type is known, and where its text is.
struct Layout {
  std::string_view type;
  std::string_view main;        ///< an entry that it alone has
  std::string_view text_begin;  ///< of the names of entries with text
};
constexpr std::array kLayouts{
    Layout{kHwpx, "Contents/content.hpf", "Contents/section"},
    Layout{kDocx, "word/document.xml", "word/document.xml"},
    Layout{kXlsx, "xl/workbook.xml", "xl/sharedStrings.xml"},
    Layout{kPptx, "ppt/presentation.xml", "ppt/slides/slide"},
};

std::string_view local_name(const char* name) {
  const std::string_view whole = name;
  return whole.substr(whole.find_last_of(':') + 1);
}

/// What expat's handlers fill.
struct Reading {
  XML_Parser parser;
  std::string text;
  bool inside = false;    ///< of an element with text
  bool defining = false;  ///< where tabs stand, which is no text
};

void begin(void* data, const char* name, const char**) {
  Reading& reading = *static_cast<Reading*>(data);
  const std::string_view element = local_name(name);
  if (element == "t") reading.inside = true;
  if (element == "tabs") reading.defining = true;
  if (element == "tab" && !reading.defining) reading.text += '\t';
  if (element == "br" || element == "lineBreak") reading.text += '\n';
}

void end(void* data, const char* name) {
  constexpr std::array<std::string_view, 2> kLines{"p", "si"};  // paragraph, string of a cell
  Reading& reading = *static_cast<Reading*>(data);
  const std::string_view element = local_name(name);
  if (element == "t") reading.inside = false;
  if (element == "tabs") reading.defining = false;
  if (std::ranges::find(kLines, element) != kLines.end()) reading.text += '\n';
}

void characters(void* data, const char* text, int size) {
  Reading& reading = *static_cast<Reading*>(data);
  if (reading.inside) reading.text.append(text, static_cast<std::size_t>(size));
  if (reading.text.size() > kMaxText) XML_StopParser(reading.parser, XML_FALSE);
}

void refuse_doctype(void* data, const char*, const char*, const char*, int) {
  XML_StopParser(static_cast<Reading*>(data)->parser, XML_FALSE);
}

}  // namespace

MediaType type_of_zip(std::string_view bytes) {
  std::string_view found = "application/zip";
  const auto look = [&found](std::string_view name) {
    const auto* const layout = std::ranges::find(kLayouts, name, &Layout::main);
    if (layout != kLayouts.end()) found = layout->type;
    return false;
  };
  read_zip(bytes, look, [](std::string_view, const std::string&) {});
  return *decoding::find_type(found);
}

OfficeContent read_office(const MediaType& type, std::string_view bytes) {
  OfficeContent out;
  const auto* const layout = std::ranges::find(kLayouts, type.name, &Layout::type);
  if (layout == kLayouts.end()) return out;
  const auto wanted = [&](std::string_view name) {
    return (name.starts_with(layout->text_begin) && name.ends_with(".xml")) || (type.name == kHwpx && name == kPicture);
  };
  // slide2 before slide10
  std::map<std::pair<std::size_t, std::string>, std::string> texts;
  const auto take = [&](std::string_view name, std::string content) {
    if (name == kPicture) {
      out.picture = std::move(content);
    } else {
      texts[{name.size(), std::string(name)}] = xml_text(content);
    }
  };
  out.complete = read_zip(bytes, wanted, take);
  for (const auto& [name, text] : texts) out.text += text;
  return out;
}

std::string xml_text(std::string_view xml) {
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(XML_ParserCreate(nullptr), XML_ParserFree);
  Reading reading{.parser = parser.get(), .text = {}};
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), begin, end);
  XML_SetCharacterDataHandler(parser.get(), characters);
  XML_SetStartDoctypeDeclHandler(parser.get(), refuse_doctype);
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size comes next
  XML_Parse(parser.get(), xml.data(), static_cast<int>(std::min<std::size_t>(xml.size(), INT32_MAX)), XML_TRUE);
  return std::move(reading.text);
}

}  // namespace ms::decoder
