// The lower bound of a page's cost: the Site's own HTTP server, and the head and body of a real page, which never change;
// and, for a board list, the one query of its 20 rows. script/bench compares the real pages with it.
#include <fmt/format.h>
#include <sys/prctl.h>

#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "features/posts/posts.hpp"
#include "infra/config/config.hpp"
#include "infra/http/server.hpp"

namespace {

using namespace ms;

using Pages = std::map<std::string, http::Response, std::less<>>;  // by path: "/list"

struct Constant {
  pg::Db* db;
  BoardId board;
  Pages pages;
};

constexpr pg::Query kRows{"bench.rows", R"(
  select post_id, number, title, author_id, author_name, created_at, notice, views, comments
    from post_counters where board_id = $1 and visible order by number desc limit 20)"};
constexpr auto kRequestTime = std::chrono::seconds(10);

/// /rows asks PostgreSQL first and is /list then; everything else is a page alone.
async<http::Response> answer(const Constant* constant, const http::Request* request) {
  const bool rows = request->path == "/rows";
  if (rows) {
    const Call call(std::chrono::steady_clock::now() + kRequestTime, "bench");
    pg::Batch batch = constant->db->batch(call);
    const auto slot = batch.add<posts::PostSummary>(kRows, constant->board);
    co_await batch.send();
    if (slot.all().size() != posts::kPostsPerPage) co_return http::Response(404);
  }
  const auto page = constant->pages.find(rows ? std::string_view("/list") : request->path);
  if (page == constant->pages.end()) co_return http::Response(404);
  co_return page->second;
}

/// Each NAME.html with the lines of NAME.head, "Name: value".
Pages read_pages(const char* folder) {
  Pages pages;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".html") continue;
    http::Response page;
    std::ifstream head(std::filesystem::path(file).replace_extension(".head"));
    for (std::string line; std::getline(head, line);) {
      const auto colon = line.find(": ");
      if (colon != std::string::npos) page.set(line.substr(0, colon), line.substr(colon + 2));
    }
    std::ifstream in(file.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    page.body = text.str();
    pages.emplace("/" + file.path().stem().string(), std::move(page));
  }
  return pages;
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
        << "constant_page CONFIG PORT BOARD FOLDER: serves FOLDER's files on CONFIG's address and PORT until SIGTERM\n";
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
  const Constant constant{&db, BoardId{number(argv[3])}, read_pages(argv[4])};
  const asio::ip::tcp::endpoint at(asio::ip::make_address(settings->server.address),
                                   static_cast<asio::ip::port_type>(number(argv[2])));
  asio::ip::tcp::acceptor listening(io, at);
  http::Server server(io, listening.native_handle(), config::http_limits(*settings),
                      [&constant](const http::Request& request) { return answer(&constant, &request); });
  server.start();
  io.run();
}
