#include "infra/http/part_head.hpp"

#include <algorithm>

#include "infra/core/text.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::http {
namespace {

constexpr std::string_view kBlanks = " \t";

/// RFC 9110 5.6.2.
bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size())); }

std::string_view take_token(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_token_char);
  const std::string_view token(text.begin(), end);
  text.remove_prefix(token.size());
  return token;
}

std::optional<std::string> take_quoted(std::string_view& text) {
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    const bool escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
    if (escape) ++i;
    out += text[i];
  }
  return std::nullopt;
}

/// Removes and returns a leading "; name=value".
std::optional<Parameter> take_parameter(std::string_view& text) {
  text.remove_prefix(1);
  skip_blanks(text);
  const std::string_view name = take_token(text);
  if (name.empty() || !text.starts_with('=')) return std::nullopt;
  text.remove_prefix(1);
  auto value = text.starts_with('"') ? take_quoted(text) : std::string(take_token(text));
  if (!value) return std::nullopt;
  skip_blanks(text);
  return Parameter{ascii_lower(name), *std::move(value)};
}

/// Decodes the escapes that browsers write for characters that would end the value (WHATWG HTML, "multipart form
/// data").
std::string unescape(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  while (!value.empty()) {
    const bool quote = value.starts_with("%22");
    const bool cr = value.starts_with("%0D");
    const bool lf = value.starts_with("%0A");
    out += quote ? '"' : cr ? '\r' : lf ? '\n' : value.front();
    value.remove_prefix(quote || cr || lf ? 3 : 1);
  }
  return out;
}

std::string safe_filename(std::string_view sent) {
  std::string name = unicode::nfc(sent.substr(sent.find_last_of("/\\") + 1));
  std::erase_if(name, [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; });
  return name == "." || name == ".." ? std::string() : name;
}

/// Takes the fields of Content-Disposition; false when it is not form-data.
bool read_disposition(std::string_view text, PartHead& out) {
  const auto header = ParameterizedHeader::parse(text);
  if (!header || header->value != "form-data") return false;
  const std::string* name = header->find("name");
  if (name == nullptr) return false;
  out.name = unescape(*name);
  for (const Parameter& parameter : header->parameters) {
    if (parameter.name == "filename*") return false;  // RFC 7578 4.2: must not be used
    if (parameter.name != "filename") continue;
    if (out.filename) return false;
    out.filename = safe_filename(unescape(parameter.value));
  }
  return true;
}

}  // namespace

std::optional<ParameterizedHeader> ParameterizedHeader::parse(std::string_view text) {
  ParameterizedHeader out;
  text = trim(text);
  const auto end = std::min(text.find(';'), text.size());
  out.value = ascii_lower(trim(text.substr(0, end)));
  text.remove_prefix(end);
  while (!text.empty()) {
    if (!text.starts_with(';')) return std::nullopt;
    if (trim(text.substr(1)).empty()) break;
    auto parameter = take_parameter(text);
    if (!parameter) return std::nullopt;
    out.parameters.push_back(*std::move(parameter));
  }
  return out;
}

const std::string* ParameterizedHeader::find(std::string_view name) const noexcept {
  const auto has_name = [&](const Parameter& parameter) { return parameter.name == name; };
  const auto found = std::ranges::find_if(parameters, has_name);
  return std::ranges::count_if(parameters, has_name) == 1 ? &found->value : nullptr;
}

std::optional<PartHead> parse_part_head(std::string_view lines) {
  PartHead out;
  bool disposed = false;
  if (!valid_utf8(lines)) return std::nullopt;
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(std::min(line.size() + 2, lines.size()));
    const std::string name = ascii_lower(take_token(line));
    // No folded lines: RFC 9110 5.5 forbids them, and no browser sends one.
    if (name.empty() || !line.starts_with(':') || line.find_first_of("\r\n") != line.npos) return std::nullopt;
    const std::string_view value = trim(line.substr(1));
    if (name == "content-type") out.content_type = value;
    if (name != "content-disposition") continue;
    if (disposed || !read_disposition(value, out)) return std::nullopt;
    disposed = true;
  }
  if (!disposed) return std::nullopt;
  return out;
}

}  // namespace ms::http
