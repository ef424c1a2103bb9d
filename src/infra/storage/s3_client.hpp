#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "infra/storage/open.hpp"
#include "infra/storage/s3_sign.hpp"
#include "infra/storage/storage.hpp"

namespace ms::storage::s3 {

/// A request for the bucket.
struct Request {
  std::string method;
  std::string key;  ///< empty: the bucket itself
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string_view body;
  bool slow = false;  ///< the store copies many bytes before it answers
};

struct Response {
  int status = 0;
  std::string etag;        ///< without quotation marks
  std::uint64_t size = 0;  ///< of the body, also of a HEAD request
  std::string body;
};

/// Passes pieces of a body on until it returns false.
using Take = std::function<bool(std::string_view)>;

/// Signed requests over HTTP/1.1. Each thread has its own connection, so any thread may call.
class Client {
 public:
  explicit Client(S3Config config);

  /// The answer to the request, which is repeated after answers such as 503 and lost connections, until the time of
  /// the configuration is over: it must do no harm when it is received twice. An answer that is no success is an error.
  /// `take` gets the body of a success; when it is cut off, the request is repeated for the rest (range).
  Result<Response> send(Request request, const Take& take = nullptr) const;

  /// The path and query of a request for the object that anybody may send, for `seconds`.
  std::string presigned(std::string_view key, int seconds) const;
  const S3Config& config() const noexcept { return config_; }

 private:
  std::string path_of(std::string_view key) const;

  S3Config config_;
  Credentials credentials_;
  std::string host_;
};

}  // namespace ms::storage::s3
