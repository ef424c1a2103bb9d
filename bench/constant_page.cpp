// What a board list cannot cost less than: the Site's own HTTP server and PostgreSQL client, a body that never changes,
// and the one query of its 20 rows. script/bench compares the real page with it.
#include <fmt/format.h>
#include <sys/prctl.h>

#include <charconv>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>

#include "features/posts/posts.hpp"
#include "features/posts/store.hpp"
#include "infra/config/config.hpp"
#include "infra/http/server.hpp"

namespace {

using namespace ms;

struct Page {
  pg::Db* db;
  BoardId board;
  std::string body;
};

constexpr auto kRequestTime = std::chrono::seconds(10);

/// /rows asks PostgreSQL first, everything else is the body alone.
async<http::Response> answer(const Page* page, const http::Request* request) {
  if (request->path == "/rows") {
    const Call call(std::chrono::steady_clock::now() + kRequestTime, "bench");
    pg::Batch batch = page->db->batch(call);
    const auto slot = posts::store::first_page(batch, page->board);
    co_await batch.send();
    if (slot.all().size() != posts::kPostsPerPage) co_return http::Response(404);
  }
  co_return http::Response::text(200, "text/html; charset=utf-8", page->body);
}

std::string read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

int number(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr
        << "constant_page CONFIG PORT BOARD BODY_FILE: serves BODY_FILE on CONFIG's address and PORT until SIGTERM\n";
    return EXIT_FAILURE;
  }
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  const auto settings = config::load(config::Program::site, argv[1]);
  if (!settings) {
    std::cerr << "constant_page: " << settings.error() << '\n';
    return EXIT_FAILURE;
  }
  asio::io_context io{1};
  pg::Db db(io, config::pg_config(*settings));
  const Page page{&db, BoardId{number(argv[3])}, read_file(argv[4])};
  const asio::ip::tcp::endpoint at(asio::ip::make_address(settings->server.address),
                                   static_cast<asio::ip::port_type>(number(argv[2])));
  asio::ip::tcp::acceptor listening(io, at);
  http::Server server(io, listening.native_handle(), config::http_limits(*settings),
                      [&page](const http::Request& request) { return answer(&page, &request); });
  server.start();
  io.run();
}
