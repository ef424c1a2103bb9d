#pragma once
#include <chrono>
#include <expected>
#include <string>

#include "infra/http/fetch.hpp"

namespace ms::cli {

/// One GET to a numeric address, with `host` in its head; the error is one line.
std::expected<http::FetchResponse, std::string> fetch(const std::string& address, int port, const std::string& host,
                                                      const std::string& path, std::chrono::milliseconds timeout);

}  // namespace ms::cli
