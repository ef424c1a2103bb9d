#pragma once
#include <chrono>
#include <expected>
#include <string>

#include "infra/http/ask.hpp"

namespace ms::cli {

/// One GET to a numeric address, with `host` in its head; the error is one line.
std::expected<http::Answer, std::string> fetch(const std::string& address, int port, const std::string& host,
                                               const std::string& path, std::chrono::milliseconds patience);

}  // namespace ms::cli
