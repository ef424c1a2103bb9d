#include "infra/metrics/text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ms::metrics {
namespace {

std::string_view word(Kind kind) {
  switch (kind) {
    case Kind::counter:
      return "counter";
    case Kind::gauge:
      return "gauge";
    case Kind::histogram:
      break;
  }
  return "histogram";
}

/// Escapes a label's value for both formats, and a help text for OpenMetrics.
void escape(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
}

void number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

/// Both formats accept "1.0"; one spelling gives one series, whichever format is scraped.
std::string bound_label(double bound) {
  std::string out = fmt::format("{}", bound);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return fmt::format("le=\"{}\"", out);
}

}  // namespace

Format format_for(std::string_view accept) noexcept {
  return accept.contains("application/openmetrics-text") ? Format::open_metrics : Format::text;
}

std::string_view content_type(Format format) noexcept {
  return format == Format::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                        : "text/plain; version=0.0.4; charset=utf-8";
}

std::string labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += ',';
    out.append(name).append("=\"");
    escape(out, value);
    out += '"';
  }
  return out;
}

void Text::family(Kind kind, std::string_view name, std::string_view help) {
  kind_ = kind;
  name_ = name;
  const bool total = kind == Kind::counter && format_ == Format::text;
  out_.append("# HELP ").append(name_).append(total ? "_total " : " ");
  escape(out_, help);
  out_.append("\n# TYPE ").append(name_).append(total ? "_total " : " ").append(word(kind)).append("\n");
}

void Text::sample(std::string_view of, double value) { line(kind_ == Kind::counter ? "_total" : "", of, {}, value); }

void Text::histogram(std::string_view of, std::span<const double> bounds, std::span<const std::uint64_t> counts,
                     double sum) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    line("_bucket", of, i < bounds.size() ? bound_label(bounds[i]) : "le=\"+Inf\"", static_cast<double>(below));
  }
  line("_count", of, {}, static_cast<double>(below));
  line("_sum", of, {}, sum);
}

std::string Text::finish() && {
  if (format_ == Format::open_metrics) out_ += "# EOF\n";
  return std::move(out_);
}

void Text::line(std::string_view suffix, std::string_view of, std::string_view more, double value) {
  out_.append(name_).append(suffix);
  if (!of.empty() || !more.empty()) {
    out_.append("{").append(of).append(of.empty() || more.empty() ? "" : ",").append(more).append("}");
  }
  out_ += ' ';
  number(out_, value);
  out_ += '\n';
}

}  // namespace ms::metrics
