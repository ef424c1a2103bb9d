#pragma once
#include <map>
#include <string>
#include <string_view>

#include "infra/core/time.hpp"

// Signatures of requests to S3: AWS Signature Version 4.
namespace ms::storage::s3 {

/// Who signs, and where. The secret key is never logged.
struct Credentials {
  std::string region;
  std::string access_key;
  std::string secret_key;
};

/// A request as it is signed.
struct Signable {
  std::string_view method;
  std::string_view path;                       ///< "/bucket/key", not escaped
  std::map<std::string, std::string> query;    ///< not escaped
  std::map<std::string, std::string> headers;  ///< all that are signed, with names in lower case; host is one
  std::string payload_hash;                    ///< SHA-256 of the body as hexadecimal digits
};

/// The path, or the name or value of a query, as it stands in a URL (RFC 3986); slashes of a path stay.
std::string escape(std::string_view text, bool is_path = false);
/// "a=1&b=2", escaped, in the order in which it is signed.
std::string query_text(const std::map<std::string, std::string>& query);
std::string hex_sha256(std::string_view bytes);

/// Adds the headers x-amz-date, x-amz-content-sha256 and authorization.
void sign(Signable& request, const Credentials& credentials, Timestamp at);

/// Adds a signature to the query: for `seconds` whoever has it may send the request, with any body.
void presign(Signable& request, const Credentials& credentials, Timestamp at, int seconds);

}  // namespace ms::storage::s3
