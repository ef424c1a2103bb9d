#include "catalogue.hpp"

#include <toml++/toml.h>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <numeric>
#include <sstream>
#include <stdexcept>

namespace viewc {
namespace {

using Texts = std::map<std::string, std::string, std::less<>>;

// What every catalogue's C++ ends with; kTexts stands before it, sorted by key.
constexpr std::string_view kLookup = R"code(}};

const std::string_view* find(std::string_view key) {
  const auto place = std::ranges::lower_bound(kTexts, key, {}, &MsgArg::first);
  return place != kTexts.end() && place->first == key ? &place->second : nullptr;
}

}  // namespace

std::string tr(Msg message, std::initializer_list<MsgArg> args) {
  const std::string_view* found = find(message.key);
  if (!found) return std::string(message.key);
  std::string out;
  std::string_view rest = *found;
  while (!rest.empty()) {
    const std::size_t open = rest.find('{');
    out.append(rest.substr(0, open));
    if (open == std::string_view::npos) break;
    rest.remove_prefix(open);
    const std::size_t close = rest.find('}');
    const std::string_view name = close == std::string_view::npos ? "" : rest.substr(1, close - 1);
    const auto* arg = std::ranges::find(args, name, &MsgArg::first);
    out.append(arg == args.end() ? rest.substr(0, 1) : arg->second);
    rest.remove_prefix(arg == args.end() ? 1 : close + 1);
  }
  return out;
}

}  // namespace ms
)code";

[[noreturn]] void refuse(const std::string& name, const toml::source_region& where, const std::string& what) {
  std::ostringstream message;
  message << name << ':' << where.begin.line << ':' << where.begin.column << ": error: " << what;
  throw std::runtime_error(message.str());
}

void collect(const toml::table& table, const std::string& prefix, const std::string& name, Texts& texts) {
  for (const auto& [key, node] : table) {
    const std::string full = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
    if (const auto* inner = node.as_table()) {
      collect(*inner, full, name, texts);
    } else if (const auto* text = node.as_string()) {
      texts.emplace(full, text->get());
    } else {
      refuse(name, node.source(), full + " is not a text. Write: " + full + " = \"...\"");
    }
  }
}

bool name_char(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Levenshtein's distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

Catalogue Catalogue::parse(std::string_view toml, const std::string& name) {
  Catalogue catalogue;
  try {
    collect(toml::parse(toml, name), "", name, catalogue.texts_);
  } catch (const toml::parse_error& error) { refuse(name, error.source(), std::string(error.description())); }
  return catalogue;
}

Catalogue Catalogue::load(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(file.string() + ": error: cannot be read");
  return parse(std::string(std::istreambuf_iterator<char>(in), {}), file.string());
}

const std::string* Catalogue::find(std::string_view key) const {
  const auto place = texts_.find(key);
  return place == texts_.end() ? nullptr : &place->second;
}

std::string Catalogue::nearest(std::string_view key) const {
  const auto place =
      std::ranges::min_element(texts_, {}, [&](const auto& entry) { return distance(key, entry.first); });
  return place == texts_.end() ? "" : place->first;
}

std::string Catalogue::source() const {
  std::string out =
      "// Made by viewc --catalogue.\n#include <algorithm>\n#include <array>\n\n"
      "#include \"infra/core/message.hpp\"\n\nnamespace ms {\nnamespace {\n\n"
      "constexpr std::array<MsgArg, " +
      std::to_string(texts_.size()) + "> kTexts = {{\n";
  for (const auto& [key, text] : texts_) out += "    {" + cpp_literal(key) + ", " + cpp_literal(text) + "},\n";
  return out.append(kLookup);
}

std::vector<TextPiece> text_pieces(std::string_view text) {
  std::vector<TextPiece> pieces;
  const auto literal = [&](std::string_view bytes) {
    if (bytes.empty()) return;
    if (pieces.empty() || pieces.back().is_name) pieces.push_back({});
    pieces.back().text.append(bytes);
  };
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    literal(text.substr(0, open));
    text.remove_prefix(open);
    if (text.empty()) break;
    const auto end = std::find_if_not(text.begin() + 1, text.end(), name_char);
    const auto length = static_cast<std::size_t>(end - text.begin());
    if (length > 1 && end != text.end() && *end == '}') {
      pieces.push_back({true, std::string(text.substr(1, length - 1))});
      text.remove_prefix(length + 1);
    } else {
      literal(text.substr(0, 1));
      text.remove_prefix(1);
    }
  }
  return pieces;
}

std::string cpp_literal(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          // Always three octal digits, so that a digit after it stays text.
          out += {'\\', static_cast<char>('0' + (c >> 6)), static_cast<char>('0' + (c >> 3 & 7)),
                  static_cast<char>('0' + (c & 7))};
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

}  // namespace viewc
