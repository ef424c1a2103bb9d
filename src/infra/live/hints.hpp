#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/live/topic.hpp"
#include "infra/pg/db.hpp"
#include "infra/redis/client.hpp"

namespace ms::live {

/// Tells all servers, this one too, that topics have something new: over Redis's channel `live`, or over PostgreSQL's
/// of the same name when Redis does not take it. A hint carries no content and may get lost: streams look every two
/// seconds anyway. One thread; a writer does not wait for it.
class Hints {
 public:
  Hints(asio::io_context& io, pg::Db& db, redis::Client& redis);
  ~Hints();
  Hints(const Hints&) = delete;
  Hints& operator=(const Hints&) = delete;

  /// After the commit. Many in a row go out together; a topic that waits already is not told twice.
  void tell(Topic topic);
  /// What has no number and may get lost, such as who is typing; only over Redis. At most 200 bytes of text.
  void whisper(Topic topic, std::string_view what);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ms::live
