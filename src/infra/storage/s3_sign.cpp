#include "infra/storage/s3_sign.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "infra/core/secret.hpp"

namespace ms::storage::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kAnyPayload = "UNSIGNED-PAYLOAD";

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string time_text(Timestamp at) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", std::chrono::floor<std::chrono::seconds>(at));
}

/// "20261130/ap-northeast-2/s3/aws4_request": what a signature is for.
std::string scope_of(const Credentials& credentials, std::string_view time) {
  return fmt::format("{}/{}/s3/aws4_request", time.substr(0, time.find('T')), credentials.region);
}

std::string names_of(const std::map<std::string, std::string>& headers) {
  std::string out;
  for (const auto& [name, value] : headers) out += (out.empty() ? "" : ";") + name;
  return out;
}

std::string canonical(const Signable& request) {
  std::string out = fmt::format("{}\n{}\n{}\n", request.method, escape(request.path, true), query_text(request.query));
  for (const auto& [name, value] : request.headers) out += fmt::format("{}:{}\n", name, value);
  return out + fmt::format("\n{}\n{}", names_of(request.headers), request.payload_hash);
}

std::string signature(const Signable& request, const Credentials& credentials, std::string_view time) {
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope_of(credentials, time), hex_sha256(canonical(request)));
  std::string key = secret::hmac_sha256("AWS4" + credentials.secret_key, time.substr(0, time.find('T')));
  for (const std::string_view part :
       {std::string_view(credentials.region), std::string_view("s3"), std::string_view("aws4_request")}) {
    key = secret::hmac_sha256(key, part);
  }
  return hex(secret::hmac_sha256(key, to_sign));
}

}  // namespace

std::string escape(std::string_view text, bool is_path) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.contains(c) || (is_path && c == '/')) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string query_text(const std::map<std::string, std::string>& query) {
  std::string out;
  for (const auto& [name, value] : query)
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", escape(name), escape(value));
  return out;
}

std::string hex_sha256(std::string_view bytes) { return hex(secret::sha256(bytes)); }

void sign(Signable& request, const Credentials& credentials, Timestamp at) {
  const std::string time = time_text(at);
  request.headers["x-amz-date"] = time;
  request.headers["x-amz-content-sha256"] = request.payload_hash;
  const std::string made = signature(request, credentials, time);
  request.headers["authorization"] =
      fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, credentials.access_key,
                  scope_of(credentials, time), names_of(request.headers), made);
}

void presign(Signable& request, const Credentials& credentials, Timestamp at, int seconds) {
  const std::string time = time_text(at);
  request.payload_hash = kAnyPayload;
  request.query["X-Amz-Algorithm"] = kAlgorithm;
  request.query["X-Amz-Credential"] = credentials.access_key + "/" + scope_of(credentials, time);
  request.query["X-Amz-Date"] = time;
  request.query["X-Amz-Expires"] = std::to_string(seconds);
  request.query["X-Amz-SignedHeaders"] = names_of(request.headers);
  request.query["X-Amz-Signature"] = signature(request, credentials, time);
}

}  // namespace ms::storage::s3
