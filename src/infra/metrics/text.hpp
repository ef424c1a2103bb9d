#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace ms::metrics {

enum class Kind { counter, gauge, histogram };

/// Prometheus's text format 0.0.4, which people and `promtool check metrics` read, or OpenMetrics 1.0.0, which
/// Prometheus asks for. They differ in the name of a counter's family and in the last line.
enum class Format { text, open_metrics };

/// The format that the Accept header of a scrape asks for.
Format format_for(std::string_view accept) noexcept;
std::string_view content_type(Format format) noexcept;

/// Names and values of one series, `route="/a",method="GET"`; values are escaped.
std::string labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs);

/// Writes one exposition. All samples of a family follow its family() call.
class Text {
 public:
  explicit Text(Format format) : format_(format) {}

  /// `name` without "_total", which a counter gets by itself; `help` is one sentence.
  void family(Kind kind, std::string_view name, std::string_view help);
  /// A sample of a counter or gauge. `of` are labels() or empty.
  void sample(std::string_view of, double value);
  /// `counts` has a count for each bucket, the last one for values above every bound; `bounds` and `sum` are seconds.
  void histogram(std::string_view of, std::span<const double> bounds, std::span<const std::uint64_t> counts,
                 double sum);
  /// The whole text.
  std::string finish() &&;

 private:
  void line(std::string_view suffix, std::string_view of, std::string_view more, double value);

  Format format_;
  Kind kind_ = Kind::gauge;
  std::string name_;
  std::string out_;
};

}  // namespace ms::metrics
