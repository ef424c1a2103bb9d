#pragma once
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "infra/http/body_reader.hpp"
#include "infra/http/open_stream.hpp"

namespace ms::http {

class Connection;

/// What a connection's parser makes of body bytes: a view of those that it was given last.
struct ViewBody {
  using value_type = std::string_view;  // NOLINT(readability-identifier-naming): Beast's name
  class reader {                        // NOLINT(readability-identifier-naming): Beast's name
   public:
    template <class Header>
    reader(Header&, value_type& body) : body_(body) {}
    static void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) { error = {}; }
    std::size_t put(asio::const_buffer bytes, boost::system::error_code& error) {
      body_ = {static_cast<const char*>(bytes.data()), bytes.size()};
      error = {};
      return bytes.size();
    }
    static void finish(boost::system::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

/// Reads the body of a connection's request. Bytes stay in the connection's workspace, so that the memory of a request
/// is Limits::streamed_buffer, and what the client sends after the body is the next request.
///
/// A slow client has `streamed_patience` of time to lose: waiting consumes it, and bytes give it back at the rate
/// `streamed_rate`, up to the same limit.
class StreamedBody final : public BodyReader {
 public:
  using HeadParser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Parser = boost::beast::http::request_parser<ViewBody>;

  /// Takes over the parser behind the head.
  StreamedBody(Connection& connection, HeadParser&& head);

  async<std::expected<std::string_view, BodyError>> read() override;
  std::optional<std::uint64_t> length() const override;
  std::chrono::nanoseconds waited() const noexcept override { return waited_; }

  const Parser& parser() const noexcept { return parser_; }
  /// Whether the whole body was read.
  bool finished() const { return parser_.is_done(); }

 private:
  /// The next bytes that are here; none when more are needed.
  std::expected<std::string_view, BodyError> parse();
  async<std::optional<BodyError>> receive();
  async<std::optional<BodyError>> send_continue();

  Connection& connection_;
  Parser parser_;
  bool expects_continue_;
  std::optional<BodyError> failure_;
  Clock::duration credit_;
  Clock::duration waited_{};
};

}  // namespace ms::http
