#include "infra/storage/s3_bucket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "infra/storage/s3_xml.hpp"

namespace ms::storage::s3 {
namespace {

Result<> outcome_of(const Result<Response>& response) {
  if (!response) return std::unexpected(response.error());
  return {};
}

/// S3 may begin its answer to a long operation with 200 and then say in the body that it failed.
Result<> late_outcome_of(const Result<Response>& response) {
  if (!response) return std::unexpected(response.error());
  if (const std::string code = text_of(response->body, "Code"); !code.empty())
    return std::unexpected(Error{Fault::failed, fmt::format("S3: {}: {}", code, text_of(response->body, "Message"))});
  return {};
}

std::uint64_t number_of(const std::string& text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// Of "2026-11-30T09:00:00.000Z".
Timestamp time_of(const std::string& text) {
  std::tm parts{};
  if (::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return {};
  return Timestamp(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

Result<> Bucket::put(std::string_view key, std::string_view bytes) const {
  return outcome_of(
      client_.send({.method = "PUT", .key = std::string(key), .query = {}, .headers = {}, .body = bytes}));
}

Result<> Bucket::get(std::string_view key, std::uint64_t offset, std::uint64_t size, const Take& take) const {
  if (size == 0) return {};
  Request request{.method = "GET", .key = std::string(key), .query = {}, .headers = {}, .body = {}};
  const bool whole = offset == 0 && size == UINT64_MAX;
  const std::string last = size > UINT64_MAX - offset ? "" : std::to_string(offset + size - 1);
  if (!whole) request.headers["range"] = fmt::format("bytes={}-{}", offset, last);
  auto response = client_.send(std::move(request), take);
  constexpr std::string_view kBeyondTheEnd = ": 416";
  if (!response && response.error().what.contains(kBeyondTheEnd)) return {};
  return outcome_of(response);
}

Result<std::string> Bucket::get_text(std::string_view key) const {
  std::string out;
  const auto done = get(key, 0, UINT64_MAX, [&out](std::string_view bytes) {
    out += bytes;
    return out.size() <= kPartBytes;
  });
  if (!done) return std::unexpected(done.error());
  return out;
}

Result<std::uint64_t> Bucket::size(std::string_view key) const {
  const auto response =
      client_.send({.method = "HEAD", .key = std::string(key), .query = {}, .headers = {}, .body = {}});
  if (!response) return std::unexpected(response.error());
  return response->size;
}

Result<bool> Bucket::exists(std::string_view key) const {
  const auto found = size(key);
  if (!found && found.error().fault != Fault::not_found) return std::unexpected(found.error());
  return found.has_value();
}

Result<> Bucket::remove(std::string_view key) const {
  auto done =
      outcome_of(client_.send({.method = "DELETE", .key = std::string(key), .query = {}, .headers = {}, .body = {}}));
  if (!done && done.error().fault == Fault::not_found) return {};
  return done;
}

Result<> Bucket::copy(std::string_view from, std::string_view to) const {
  const std::string source = escape(fmt::format("/{}/{}", client_.config().bucket, from), true);
  return late_outcome_of(client_.send({.method = "PUT",
                                       .key = std::string(to),
                                       .query = {},
                                       .headers = {{"x-amz-copy-source", source}},
                                       .body = {},
                                       .slow = true}));
}

Result<std::vector<DatedObject>> Bucket::list(std::string_view prefix, std::string_view after,
                                              std::size_t limit) const {
  constexpr std::size_t kPage = 1000;
  std::vector<DatedObject> out;
  std::string last(after);
  while (out.size() < limit) {
    const auto response = client_.send({.method = "GET",
                                        .key = "",
                                        .query = {{"list-type", "2"},
                                                  {"prefix", std::string(prefix)},
                                                  {"start-after", last},
                                                  {"max-keys", std::to_string(std::min(kPage, limit - out.size()))}},
                                        .headers = {},
                                        .body = {}});
    if (!response) return std::unexpected(response.error());
    std::string_view rest = response->body;
    const std::size_t before = out.size();
    while (const auto one = next_element(rest, "Contents")) {
      out.push_back({{text_of(*one, "Key"), number_of(text_of(*one, "Size"))}, time_of(text_of(*one, "LastModified"))});
    }
    if (out.size() == before || text_of(response->body, "IsTruncated") != "true") break;
    last = out.back().object.key;
  }
  return out;
}

Result<std::string> Bucket::begin_upload(std::string_view key) const {
  const auto response =
      client_.send({.method = "POST", .key = std::string(key), .query = {{"uploads", ""}}, .headers = {}, .body = {}});
  if (!response) return std::unexpected(response.error());
  std::string id = text_of(response->body, "UploadId");
  if (id.empty()) return std::unexpected(Error{Fault::failed, "S3 begins a multipart upload without an id"});
  return id;
}

Result<std::string> Bucket::put_part(std::string_view key, std::string_view upload, std::size_t number,
                                     std::string_view bytes) const {
  const auto response =
      client_.send({.method = "PUT",
                    .key = std::string(key),
                    .query = {{"partNumber", std::to_string(number)}, {"uploadId", std::string(upload)}},
                    .headers = {},
                    .body = bytes});
  if (!response) return std::unexpected(response.error());
  if (response->etag.empty()) return std::unexpected(Error{Fault::failed, "S3 answers a part without an ETag"});
  return response->etag;
}

Result<> Bucket::complete_upload(std::string_view key, std::string_view upload,
                                 const std::vector<std::string>& etags) const {
  std::string body = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1,
                        escape_xml("\"" + etags[i] + "\""));
  }
  body += "</CompleteMultipartUpload>";
  return late_outcome_of(client_.send({.method = "POST",
                                       .key = std::string(key),
                                       .query = {{"uploadId", std::string(upload)}},
                                       .headers = {},
                                       .body = body,
                                       .slow = true}));
}

Result<> Bucket::abort_upload(std::string_view key, std::string_view upload) const {
  auto done = outcome_of(client_.send({.method = "DELETE",
                                       .key = std::string(key),
                                       .query = {{"uploadId", std::string(upload)}},
                                       .headers = {},
                                       .body = {}}));
  if (!done && done.error().fault == Fault::not_found) return {};
  return done;
}

}  // namespace ms::storage::s3
