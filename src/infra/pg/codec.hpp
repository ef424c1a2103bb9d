#pragma once
#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "infra/core/id.hpp"
#include "infra/core/time.hpp"
#include "infra/view/safe_html.hpp"

// Parameters go as text (the server infers the type); results come in PostgreSQL's binary format.
namespace ms::pg {

/// One parameter in text format; nullopt is NULL.
using Param = std::optional<std::string>;

class Exchange;

/// One cell of a result in binary format.
struct Cell {
  const char* data = nullptr;
  int size = 0;
  bool null = true;
};

/// A view of the rows of one finished statement (over a PGresult).
class Rows {
 public:
  explicit Rows(const void* result) noexcept : result_(result) {}
  int size() const noexcept;
  int columns() const noexcept;
  Cell cell(int row, int column) const noexcept;
  std::string_view name(int column) const noexcept;

 private:
  const void* result_;
};
Rows rows_of(const Exchange& exchange, std::size_t index);
std::int64_t affected_by(const Exchange& exchange, std::size_t index);

// --- encode: one overload per C++ type that may be a parameter
Param encode(std::string_view text);
inline Param encode(const std::string& text) { return text; }
inline Param encode(const char* text) { return std::string(text); }
Param encode(bool value);
Param encode(double value);
Param encode(Timestamp at);
template <std::integral T>
  requires(!std::same_as<T, bool>)
Param encode(T value) {
  return std::to_string(value);
}
template <class Tag>
Param encode(Id<Tag> id) {
  return std::to_string(id.value);
}
template <class T>
Param encode(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return encode(*value);
}
/// As a PostgreSQL array literal of bigint: '{1,2,3}'.
template <class Tag>
Param encode(const std::vector<Id<Tag>>& ids) {
  std::string out = "{";
  for (const auto& id : ids) {
    if (out.size() > 1) out += ',';
    out += std::to_string(id.value);
  }
  return out + "}";
}
template <std::integral T>
Param encode(const std::vector<T>& numbers) {
  std::string out = "{";
  for (const T number : numbers) {
    if (out.size() > 1) out += ',';
    out += std::to_string(number);
  }
  return out + "}";
}
/// Raw bytes (bytea).
struct Bytes {
  std::string_view value;
};
Param encode(Bytes bytes);

// --- decode: throws std::logic_error when the column does not fit the type (a bug)
void decode_cell(const Cell& cell, std::int64_t& out);  ///< int2, int4, int8
void decode_cell(const Cell& cell, int& out);
void decode_cell(const Cell& cell, bool& out);
void decode_cell(const Cell& cell, double& out);       ///< float8
void decode_cell(const Cell& cell, std::string& out);  ///< text, varchar, bytea
void decode_cell(const Cell& cell, Timestamp& out);    ///< timestamptz
/// Text that the Markdown renderer made: see expect_html().
void decode_cell(const Cell& cell, view::SafeHtml& out);
template <class Tag>
void decode_cell(const Cell& cell, Id<Tag>& out) {
  decode_cell(cell, out.value);
}
template <class T>
void decode_cell(const Cell& cell, std::optional<T>& out) {
  if (cell.null) {
    out.reset();
    return;
  }
  decode_cell(cell, out.emplace());
}

template <class T>
concept Scalar = requires(const Cell& cell, T& out) { decode_cell(cell, out); };

/// Throws std::logic_error unless the statement returns as many columns as the row type has fields.
void expect_columns(const Rows& rows, std::size_t fields);

/// Throws std::logic_error unless the column's name ends with _html, as only columns with the renderer's HTML do.
void expect_html(const Rows& rows, int column);

template <class T>
void decode_column(const Rows& rows, int row, int column, T& out) {
  if constexpr (std::same_as<T, view::SafeHtml>) expect_html(rows, column);
  decode_cell(rows.cell(row, column), out);
}

/// A scalar takes the only column; an aggregate takes its fields from the columns in order.
template <class Row>
Row decode(const Rows& rows, int r) {
  Row out{};
  if constexpr (Scalar<Row>) {
    expect_columns(rows, 1);
    decode_column(rows, r, 0, out);
  } else {
    expect_columns(rows, boost::pfr::tuple_size_v<Row>);
    boost::pfr::for_each_field(
        out, [&](auto& field, std::size_t column) { decode_column(rows, r, static_cast<int>(column), field); });
  }
  return out;
}

}  // namespace ms::pg
