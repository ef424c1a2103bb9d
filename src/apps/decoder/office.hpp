#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "infra/decoding/media_type.hpp"

// Documents that are XML in a ZIP file: HWPX (KS X 6101) and Office Open XML (ISO/IEC 29500).
namespace ms::decoder {

/// The type of a ZIP file by what is inside; application/zip for any other.
decoding::MediaType type_of_zip(std::string_view bytes);

struct OfficeContent {
  std::string text;                    ///< UTF-8; a line for a paragraph, or a cell
  std::optional<std::string> picture;  ///< of the first page, which HWPX has
  bool complete = true;                ///< false when the archive is broken, or too large
};
/// `type` is one that type_of_zip gives.
OfficeContent read_office(const decoding::MediaType& type, std::string_view bytes);

/// The text of a document's XML: elements t, with lines where paragraphs end; as far as it is well-formed. A document
/// type declaration ends it: no office program writes one, and entities are how XML becomes large.
std::string xml_text(std::string_view xml);

}  // namespace ms::decoder
