#include "infra/pg/codec.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <bit>
#include <limits>
#include <stdexcept>

namespace ms::pg {
namespace {

/// PostgreSQL counts microseconds from 2000-01-01 00:00 UTC (datatype/timestamp.h, POSTGRES_EPOCH_JDATE).
constexpr std::chrono::sys_days kPostgresEpoch{std::chrono::year{2000} / 1 / 1};

template <class T>
T big_endian(const char* bytes) {
  std::make_unsigned_t<T> value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<std::make_unsigned_t<T>>(value << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return std::bit_cast<T>(value);
}

[[noreturn]] void throw_mismatch(const Cell& cell, const char* wanted) {
  if (cell.null) throw std::logic_error(fmt::format("a NULL was read as {}, which is not optional", wanted));
  throw std::logic_error(fmt::format("a column of {} bytes was read as {}", cell.size, wanted));
}

const PGresult* of(const void* result) { return static_cast<const PGresult*>(result); }

}  // namespace

int Rows::size() const noexcept { return PQntuples(of(result_)); }
int Rows::columns() const noexcept { return PQnfields(of(result_)); }

Cell Rows::cell(int row, int column) const noexcept {
  const int size = PQgetlength(of(result_), row, column);
  if (size == 0 && PQgetisnull(of(result_), row, column) != 0) return {};
  return {PQgetvalue(of(result_), row, column), size, false};
}

std::string_view Rows::name(int column) const noexcept {
  const char* const name = PQfname(of(result_), column);
  return name == nullptr ? std::string_view() : name;
}

void expect_html(const Rows& rows, int column) {
  if (rows.name(column).ends_with("_html")) return;
  throw std::logic_error(fmt::format("column {} was read as HTML, but not called so", rows.name(column)));
}

void expect_columns(const Rows& rows, std::size_t fields) {
  if (rows.columns() == static_cast<int>(fields)) return;
  throw std::logic_error(fmt::format("a row type of {} fields was used for {} columns", fields, rows.columns()));
}

Param encode(std::string_view text) { return std::string(text); }

Param encode(bool value) { return value ? "t" : "f"; }
Param encode(double value) { return fmt::format("{}", value); }  // the shortest text that is the same number

Param encode(Timestamp at) {
  if (at == Timestamp::max()) return "infinity";
  if (at == Timestamp::min()) return "-infinity";
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  const int year = static_cast<int>(date.year());
  if (year < 1 || year > 9999) throw std::out_of_range("a Timestamp parameter lies outside the years 1 to 9999");
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00", year, static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                     time.seconds().count(), time.subseconds().count());
}

Param encode(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\\x";
  out.reserve(2 + 2 * bytes.value.size());
  for (const char c : bytes.value) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

void decode_cell(const Cell& cell, std::int64_t& out) {
  if (cell.null) throw_mismatch(cell, "an integer");
  switch (cell.size) {
    case 2:
      out = big_endian<std::int16_t>(cell.data);
      return;
    case 4:
      out = big_endian<std::int32_t>(cell.data);
      return;
    case 8:
      out = big_endian<std::int64_t>(cell.data);
      return;
    default:
      throw_mismatch(cell, "an integer");
  }
}

void decode_cell(const Cell& cell, int& out) {
  std::int64_t wide = 0;
  decode_cell(cell, wide);
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) throw_mismatch(cell, "an int");
  out = static_cast<int>(wide);
}

void decode_cell(const Cell& cell, bool& out) {
  if (cell.null || cell.size != 1) throw_mismatch(cell, "a boolean");
  out = *cell.data != 0;
}

void decode_cell(const Cell& cell, double& out) {
  if (cell.null || cell.size != 8) throw_mismatch(cell, "a float8");
  out = std::bit_cast<double>(big_endian<std::int64_t>(cell.data));
}

void decode_cell(const Cell& cell, std::string& out) {
  if (cell.null) throw_mismatch(cell, "text");
  out.assign(cell.data, static_cast<std::size_t>(cell.size));
}

void decode_cell(const Cell& cell, view::SafeHtml& out) {
  std::string html;
  decode_cell(cell, html);
  out = view::SafeHtml(std::move(html));
}

void decode_cell(const Cell& cell, Timestamp& out) {
  if (cell.null || cell.size != 8) throw_mismatch(cell, "a timestamptz");
  const auto micros = big_endian<std::int64_t>(cell.data);
  // The two ends are 'infinity' and '-infinity' and must not be shifted.
  if (micros == std::numeric_limits<std::int64_t>::max()) {
    out = Timestamp::max();
  } else if (micros == std::numeric_limits<std::int64_t>::min()) {
    out = Timestamp::min();
  } else {
    out = kPostgresEpoch + std::chrono::microseconds(micros);
  }
}

}  // namespace ms::pg
