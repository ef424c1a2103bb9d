#include <fmt/format.h>

#include "features/files/tus_headers.hpp"
#include "features/files/uploads.hpp"
#include "infra/http/wire.hpp"
#include "infra/web/context.hpp"

namespace ms::files {
namespace {

constexpr std::string_view kVersion = "1.0.0";
constexpr std::string_view kExtensions = "creation,creation-with-upload,expiration,termination";
constexpr std::string_view kChunkType = "application/offset+octet-stream";

/// The fields of every response.
http::Response tus(http::Response response) {
  response.set("Tus-Resumable", kVersion).set("Cache-Control", "no-store");
  return response;
}

/// Scripts read errors, and show people their texts.
http::Response refusal(const Error& error) {
  http::Response response = web::problem(error);
  response.set("Tus-Resumable", kVersion);
  return response;
}

http::Response refusal(int status, Msg message) {
  http::Response response = refusal(Error(ErrorCode::bad_request, message));
  response.status = status;
  return response;
}

/// A request of another version of the protocol is not understood.
std::optional<http::Response> other_version(const web::Context& ctx) {
  if (ctx.request.header("tus-resumable") == kVersion) return std::nullopt;
  http::Response response = refusal(Error(ErrorCode::precondition_failed, "files.malformed"_msg));
  response.set("Tus-Version", kVersion);
  return response;
}

bool has_chunk(const web::Context& ctx) { return ctx.request.header("content-type") == kChunkType; }

std::string expires(std::chrono::days keep) {
  return http::http_date(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + keep));
}

/// The response to a request that sent bytes: how far the upload has come.
http::Response received(int status, const Upload& upload, std::chrono::days keep) {
  http::Response response = tus(http::Response(status));
  response.set("Upload-Offset", std::to_string(upload.received));
  if (!upload.complete) response.set("Upload-Expires", expires(keep));
  return response;
}

/// The response when the body did not come to its end.
http::Response interrupted(http::BodyError failure) {
  if (failure == http::BodyError::malformed) return refusal(Error(ErrorCode::bad_request, "files.malformed"_msg));
  if (failure == http::BodyError::stopping) return refusal(Error(ErrorCode::unavailable, "error.unavailable"_msg));
  return refusal(408, "http.too_slow"_msg);
}

async<http::Response> append(web::Context& ctx, Uploads& uploads, AttachmentId id, std::int64_t offset, int status,
                             std::chrono::days keep) {
  const auto done = co_await uploads.receive(ctx.call, ctx.viewer, id, offset, *ctx.request.body_stream);
  if (!done) co_return refusal(done.error());
  if (done->failure) co_return interrupted(*done->failure);
  co_return received(status, done->upload, keep);
}

async<http::Response> options(web::Context&, const Uploads& uploads) {
  http::Response response = tus(http::Response(204));
  response.set("Tus-Version", kVersion).set("Tus-Extension", kExtensions);
  response.set("Tus-Max-Size", std::to_string(uploads.limits().file_bytes));
  co_return response;
}

async<http::Response> create(web::Context& ctx, Uploads& uploads, std::chrono::days keep) {
  if (auto response = other_version(ctx)) co_return std::move(*response);
  const auto size = parse_size(ctx.request.header("upload-length"));
  const auto metadata = parse_metadata(ctx.request.header("upload-metadata"));
  const auto draft = metadata ? DraftKey::parse(metadata->draft) : std::nullopt;
  if (!size) co_return refusal(Error(ErrorCode::bad_request, "files.size_wrong"_msg));
  if (!draft) co_return refusal(Error(ErrorCode::bad_request, "files.malformed"_msg));
  const auto upload = co_await uploads.create(ctx.call, ctx.viewer, {*draft, metadata->filename, *size});
  if (!upload) co_return refusal(upload.error());
  http::Response response = received(201, *upload, keep);
  if (has_chunk(ctx) && *size > 0) response = co_await append(ctx, uploads, upload->id, 0, 201, keep);
  // Whatever became of the first bytes: the upload exists and can be continued.
  response.set("Location", fmt::format("/files/uploads/{}", upload->id.value));
  co_return response;
}

async<http::Response> patch(web::Context& ctx, Uploads& uploads, std::chrono::days keep) {
  if (auto response = other_version(ctx)) co_return std::move(*response);
  if (!has_chunk(ctx)) co_return refusal(Error(ErrorCode::unsupported_type, "files.malformed"_msg));
  const auto offset = parse_size(ctx.request.header("upload-offset"));
  if (!offset) co_return refusal(Error(ErrorCode::bad_request, "files.malformed"_msg));
  const AttachmentId id{ctx.params.number("id")};
  co_return co_await append(ctx, uploads, id, *offset, 204, keep);
}

/// HEAD, which is answered by GET's handler. There is nothing to GET.
async<http::Response> state(web::Context& ctx, Uploads& uploads, std::chrono::days keep) {
  if (ctx.request.method != http::Method::head) {
    co_return ctx.error_response(Error(ErrorCode::not_found, "error.not_found"_msg));
  }
  if (auto response = other_version(ctx)) co_return std::move(*response);
  const auto upload = co_await uploads.find(ctx.call, ctx.viewer, AttachmentId{ctx.params.number("id")});
  if (!upload) co_return refusal(upload.error());
  http::Response response = received(200, *upload, keep);
  response.set("Upload-Length", std::to_string(upload->size)).set("Upload-Metadata", format_metadata(upload->name));
  co_return response;
}

async<http::Response> remove(web::Context& ctx, Uploads& uploads) {
  if (auto response = other_version(ctx)) co_return std::move(*response);
  const auto done = co_await uploads.remove(ctx.call, ctx.viewer, AttachmentId{ctx.params.number("id")});
  if (!done) co_return refusal(done.error());
  co_return tus(http::Response(204));
}

}  // namespace

void add_upload_routes(web::Router& router, Uploads& uploads, std::chrono::days keep) {
  router.options("/files", [&](web::Context& ctx) { return options(ctx, uploads); });
  router.post_streamed("/files", [&uploads, keep](web::Context& ctx) { return create(ctx, uploads, keep); });
  router.get("/files/uploads/{id}", [&uploads, keep](web::Context& ctx) { return state(ctx, uploads, keep); });
  router.patch_streamed("/files/uploads/{id}",
                        [&uploads, keep](web::Context& ctx) { return patch(ctx, uploads, keep); });
  router.del("/files/uploads/{id}", [&uploads](web::Context& ctx) { return remove(ctx, uploads); });
}

}  // namespace ms::files
