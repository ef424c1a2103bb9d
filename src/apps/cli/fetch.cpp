#include "apps/cli/fetch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <exception>

namespace ms::cli {
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024;

async<void> put_answer(http::FetchRequest question, Deadline deadline,
                       std::expected<http::FetchResponse, std::string>* into) {
  *into = co_await http::fetch(std::move(question), deadline);
}

}  // namespace

std::expected<http::FetchResponse, std::string> fetch(const std::string& address, int port, const std::string& host,
                                                      const std::string& path, std::chrono::milliseconds timeout) {
  boost::system::error_code error;
  const auto numeric = asio::ip::make_address(address, error);
  if (error) return std::unexpected(address + " is no numeric address");
  const asio::ip::tcp::endpoint to(numeric, static_cast<unsigned short>(port));
  http::FetchRequest question{.to = to, .host = host, .path = path, .max_bytes = kMaxBytes};
  std::expected<http::FetchResponse, std::string> out = std::unexpected(std::string("not asked"));
  asio::io_context io{1};
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  asio::co_spawn(io, put_answer(std::move(question), deadline, &out), [](const std::exception_ptr& fault) {
    if (fault) std::rethrow_exception(fault);
  });
  io.run();
  return out;
}

}  // namespace ms::cli
