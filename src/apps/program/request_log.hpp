#pragma once
#include <fmt/format.h>

#include <ctime>
#include <string>
#include <string_view>

#include "infra/web/pipeline.hpp"

namespace ms::program {

/// A line for each request on standard error, in the shape of spdlog's lines. A call of spdlog and a write for each
/// would cost 5 µs, a tenth of a page; so lines are gathered and written together, at the latest with the next flush().
/// One thread.
class RequestLog {
 public:
  RequestLog() = default;
  ~RequestLog() { flush(); }
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  /// `pattern` is that of the route: a path may hold what nobody else is to read.
  void add(const web::Answered& answered, std::string_view pattern);
  void flush() noexcept;

 private:
  void stamp();

  fmt::memory_buffer lines_;
  std::time_t second_ = 0;
  std::string date_;  ///< of `second_`, up to the seconds
  std::string zone_;
};

}  // namespace ms::program
