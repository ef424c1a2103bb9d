#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "features/files/attachments.html.hpp"
#include "features/files/files.hpp"
#include "features/files/send.hpp"
#include "infra/core/text.hpp"
#include "infra/storage/async_store.hpp"
#include "infra/web/context.hpp"

namespace ms::files {
namespace {

/// What a browser may show by itself instead of saving it. Never what could run scripts.
constexpr std::array<std::string_view, 8> kShown = {"image/jpeg", "image/png", "image/webp", "image/gif",
                                                    "image/avif", kPdf,        "text/plain", "audio/mpeg"};

/// RFC 6266, section 4.3: `filename` for programs that know ASCII only, `filename*` (RFC 8187) for all others.
std::string disposition(std::string_view kind, std::string_view name) {
  std::string ascii;
  for (const char c : name) {
    const bool plain = c >= ' ' && c < 0x7F && c != '"' && c != '\\' && c != '%';
    if (plain || (static_cast<unsigned char>(c) & 0xC0) != 0x80) ascii += plain ? c : '_';
  }
  return fmt::format("{}; filename=\"{}\"; filename*=UTF-8''{}", kind, ascii, http::percent_encode(name));
}

/// A photograph from a phone (HEIC) is downloaded as JPEG.
std::string name_of(const Download& file) {
  const std::string name = ascii_lower(file.name);
  const bool fits = file.media_type != "image/jpeg" || name.ends_with(".jpg") || name.ends_with(".jpeg");
  return fits ? file.name : file.name + ".jpg";
}

/// The right to read is asked for each time, so a browser must come back and no shared cache may keep the bytes.
http::Response guarded(http::Response response) {
  response.set("Cache-Control", "private, no-cache");
  return response;
}

async<http::Response> download(web::Context& ctx, Files& files, storage::AsyncStore& store) {
  const auto found = co_await files.find_download(ctx.call, ctx.viewer, AttachmentId{ctx.params.number("id")});
  if (!found) co_return ctx.error_response(found.error());
  const auto key = found->key();
  if (!key) co_return ctx.error_response(Error(ErrorCode::not_found, "files.not_ready"_msg));
  const bool shown = std::ranges::find(kShown, found->media_type) != kShown.end() && !ctx.query().has("download");
  co_return guarded(send(store, *key, shown ? found->media_type : "application/octet-stream",
                         disposition(shown ? "inline" : "attachment", name_of(*found))));
}

async<http::Response> rendition(web::Context& ctx, Files& files, storage::AsyncStore& store) {
  const auto found = co_await files.find_download(ctx.call, ctx.viewer, AttachmentId{ctx.params.number("id")});
  if (!found) co_return ctx.error_response(found.error());
  const std::string_view name = ctx.params.get("rendition");
  if (name == kOriginal || !names_rendition(found->renditions, name)) {
    co_return ctx.error_response(Error(ErrorCode::not_found, "files.gone"_msg));
  }
  co_return guarded(send(store, key_of(found->sha256, name), "image/webp", "inline"));
}

async<http::Response> show_field(web::Context& ctx, Files& files) {
  const auto found = co_await files.find_in_draft(ctx.call, ctx.viewer, AttachmentId{ctx.params.number("id")});
  if (!found) co_return ctx.error_response(found.error());
  constexpr std::size_t kSmall = 4 * 1024;
  view::Out out(kSmall);
  attachment_field(out, *found);
  http::Response response = http::Response::text(200, "text/html; charset=utf-8", out.take());
  response.set("Cache-Control", "private, no-store");
  co_return response;
}

}  // namespace

void add_site_routes(web::Router& router, Files& files, storage::AsyncStore& store) {
  router.get("/files/{id}", [&](web::Context& ctx) { return download(ctx, files, store); });
  router.get("/files/{id}/field", [&](web::Context& ctx) { return show_field(ctx, files); });
  router.get("/files/{id}/{rendition}", [&](web::Context& ctx) { return rendition(ctx, files, store); });
}

}  // namespace ms::files
