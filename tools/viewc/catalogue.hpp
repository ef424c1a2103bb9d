#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace viewc {

/// The texts that people read, by dotted key ("login.title"), from src/text/ko.toml.
class Catalogue {
 public:
  /// Reads nested tables of strings. Throws std::runtime_error naming file, line and column for anything else in it.
  static Catalogue load(const std::filesystem::path& file);
  static Catalogue parse(std::string_view toml, const std::string& name);

  /// The text of a key, or nullptr.
  const std::string* find(std::string_view key) const;
  /// The key that differs from this one by the fewest letters; "" in an empty catalogue.
  std::string nearest(std::string_view key) const;
  /// C++ that defines ms::tr (src/infra/core/message.hpp) over these texts.
  std::string source() const;

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

/// A text cut at its placeholders: "댓글 {n}개" gives literal "댓글 ", name "n", literal "개".
struct TextPiece {
  bool is_name = false;
  std::string text;
  friend bool operator==(const TextPiece&, const TextPiece&) = default;
};
std::vector<TextPiece> text_pieces(std::string_view text);

/// A C++ string literal of these bytes with its quotes; UTF-8 stays readable.
std::string cpp_literal(std::string_view bytes);

}  // namespace viewc
