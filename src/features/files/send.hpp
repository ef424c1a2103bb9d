#pragma once
#include <string>
#include <string_view>

#include "infra/http/message.hpp"

namespace ms::storage {
class AsyncStore;
}

namespace ms::files {

/// Nginx sends the object `key` of the store (X-Accel-Redirect); it adds ETag, length and ranges, and keeps these
/// fields. The caller says how long it may be kept.
http::Response send(storage::AsyncStore& store, const std::string& key, std::string_view media_type,
                    std::string_view content_disposition);

}  // namespace ms::files
