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

/// Tells all servers, this one too, that topics have something new: over Redis's channel `live`, or over PostgreSQL's
/// of the same name when Redis does not take it. A hint carries no content and may get lost: streams look every two
/// seconds anyway. One thread; a writer does not wait for it. Hub::hint takes what arrives: "p34,u7", or "p34 what".
class Publisher {
 public:
  static constexpr const char* kChannel = "live";

  /// `keys` authenticate whispers, whose words readers see.
  Publisher(asio::io_context& io, pg::Db& db, redis::Client& redis, const secret::Keyring& keys);

  /// What was whispered, without its tag; nothing for what none of our programs whispered. Publisher are as they were.
  static std::optional<std::string> authentic(const secret::Keyring& keys, std::string_view message);
  static constexpr std::string_view kPurpose = "whispers";  ///< of the keys (Keyring::derived)

  /// What waits then is lost: flush() before.
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// After the commit. Many in a row go out together; a topic that waits already is not told twice.
  void publish(Topic topic);
  /// What has no number and may get lost, such as who is typing; only over Redis. More than kMaxTransientBytes bytes of
  /// text are not sent.
  void publish_transient(Topic topic, std::string_view what);
  static constexpr std::size_t kMaxTransientBytes = 200;
  /// Returns when nothing waits any more, or at the deadline: for a process that is about to leave.
  async<> flush(Deadline deadline);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ms::live
