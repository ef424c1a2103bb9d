#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a client of S3 reads of its answers: texts of elements. No attributes, no namespaces, no DTD.
namespace ms::storage::s3 {

/// The content of the next element with this name, as it stands in the text; `rest` begins behind it afterwards.
std::optional<std::string_view> next_element(std::string_view& rest, std::string_view name);
/// The text of the first element with this name, with its entities resolved; empty when there is none.
std::string text_of(std::string_view xml, std::string_view name);
/// `text` as the text of an element.
std::string escape_xml(std::string_view text);

}  // namespace ms::storage::s3
