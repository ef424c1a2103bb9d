#pragma once
#include <fmt/format.h>

#include <ctime>
#include <string>
#include <string_view>

#include "infra/web/pipeline.hpp"

namespace ms::program {

/// Writes a line for each request to standard error, in the format of the other lines (process::log_formatter). A call
/// of spdlog and a write(2) for each request would cost 5 µs, a tenth of a page. So lines are gathered and written
/// together, at the latest by the next flush(). One write is never longer than what a pipe takes atomically, because
/// other threads write to it too. For one thread.
class RequestLog {
 public:
  /// `journal`: process::log_is_journal().
  explicit RequestLog(bool journal) : journal_(journal) {}
  ~RequestLog() { flush(); }
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  /// `pattern` is the route's: a path may hold what others must not read.
  void add(const web::CompletedRequest& completed, std::string_view pattern);
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
