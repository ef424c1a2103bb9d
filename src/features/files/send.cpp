#include "features/files/send.hpp"

#include <fmt/format.h>

#include "features/files/files.hpp"
#include "infra/storage/async_store.hpp"

namespace ms::files {

http::Response send(storage::AsyncStore& store, const std::string& key, std::string_view media_type,
                    std::string_view content_disposition) {
  http::Response out(200);
  out.set("X-Accel-Redirect", store.download_path(key));
  out.set("Content-Type", media_type == "text/plain" ? "text/plain; charset=utf-8" : media_type);
  out.set("Content-Disposition", content_disposition);
  // Chromium's viewer of PDF runs in a sandbox of its own, and in no other.
  const std::string_view sandbox = media_type == kPdf ? "" : "sandbox; ";
  out.set("Content-Security-Policy", fmt::format("{}default-src 'none'; style-src 'unsafe-inline'", sandbox));
  return out;
}

}  // namespace ms::files
