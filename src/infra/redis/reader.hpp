#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "infra/redis/client.hpp"

struct redisReader;

namespace ms::redis {

/// Turns the bytes of one connection into replies (RESP2); no I/O. The parser is hiredis's, which builds our Reply
/// directly through its object functions, so that each reply is built once.
class Reader {
 public:
  Reader();
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void feed(std::string_view bytes);
  /// True with a complete reply in `out`; false when more bytes are needed or the stream is broken.
  bool next(Reply& out);
  /// Why the stream can no longer be read; empty while it can.
  const std::string& broken() const noexcept { return broken_; }

 private:
  redisReader* parser_;
  Reply root_;  // the parser writes here until the reply is complete
  std::string broken_;
};

/// True for a server error that says "not usable now" rather than "this command is wrong".
bool is_unusable(const Reply& reply) noexcept;

}  // namespace ms::redis
