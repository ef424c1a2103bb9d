#pragma once
#include <fmt/format.h>

#include <ctime>
#include <string>
#include <string_view>

#include "infra/web/pipeline.hpp"

namespace ms::program {

/// A line for each request on standard error, in the shape of the program's other lines (process::log_formatter). A
/// call of spdlog and a write for each would cost 5 µs, a tenth of a page; so lines are gathered and written together,
/// at the latest with the next flush(), and not more at once than a pipe takes undivided: other threads write there
/// too. One thread.
class RequestLog {
 public:
  /// `journal`: process::log_is_journal().
  explicit RequestLog(bool journal) : journal_(journal) {}
  ~RequestLog() { flush(); }
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  /// `pattern` is that of the route: a path may hold what nobody else is to read.
  void add(const web::Answered& answered, std::string_view pattern);
  void flush() noexcept;

 private:
  void begin_line();
  void write(std::size_t size) noexcept;

  const bool journal_;
  fmt::memory_buffer lines_;
  std::time_t second_ = 0;
  std::string date_;  ///< of `second_`, up to the seconds
  std::string zone_;
};

}  // namespace ms::program
