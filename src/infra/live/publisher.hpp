#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "infra/core/keyring.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/live/topic.hpp"
#include "infra/pg/db.hpp"
#include "infra/redis/client.hpp"

namespace ms::live {

/// Publishes to all servers, this one too, that topics changed: over Redis's channel `live`, or over PostgreSQL's of
/// the same name when Redis does not take it. A publication carries no content and may get lost, since the hub sweeps
/// every two seconds. One thread; a write does not wait for it. Hub::on_message takes what arrives: "p34,u7", or "p34
/// what".
class Publisher {
 public:
  static constexpr const char* kChannel = "live";

  /// `keys` authenticate transients, because members see their text.
  Publisher(asio::io_context& io, pg::Db& db, redis::Client& redis, const secret::Keyring& keys);

  /// A transient message without its tag; nothing when the tag is not one of ours. A message of topics is unchanged.
  static std::optional<std::string> authentic(const secret::Keyring& keys, std::string_view message);
  static constexpr std::string_view kPurpose = "transient messages";  ///< of the keys (Keyring::derived)

  /// Topics that still wait are lost: call flush() first.
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Call after the commit. Many in a row go out together; a topic that already waits is not sent twice.
  void publish(Topic topic);
  /// For what has no number and may get lost, such as who is typing; only over Redis. A text of more than
  /// kMaxTransientBytes bytes is not sent.
  void publish_transient(Topic topic, std::string_view what);
  static constexpr std::size_t kMaxTransientBytes = 200;
  /// Returns when no topic waits any more, or at the deadline: for a process that is about to end.
  async<> flush(Deadline deadline);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ms::live
