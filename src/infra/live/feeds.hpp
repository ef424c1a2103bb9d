#pragma once
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/live/source.hpp"
#include "infra/live/topic.hpp"

namespace ms::live {

struct Reader;

/// The topics that are followed here, and the asking for what is new in them. Nothing throws; a source that cannot be
/// asked is asked again with the next hint or sweep.
class Feeds : public std::enable_shared_from_this<Feeds> {
 public:
  Feeds(asio::io_context& io, std::chrono::milliseconds sweep);
  ~Feeds();
  Feeds(const Feeds&) = delete;
  Feeds& operator=(const Feeds&) = delete;

  /// Once: the sweeps begin.
  void start();
  void close();
  void add(char kind, Source& source) { sources_[kind] = &source; }
  /// Null for a kind that nobody added.
  Source* source(char kind) const;

  /// An open stream, with all its marks. The reader stays where it is until leave().
  void join(Reader& reader);
  void leave(Reader& reader);
  void hint(std::string_view message);
  /// See Hub::on_hint.
  void on_hint(std::function<void(const Topic*)> told) { told_ = std::move(told); }
  /// Whether Redis's hints come from now on; either way some may have been missed.
  void hints_by_redis(bool connected);
  bool hints_by_redis() const noexcept { return by_redis_; }
  std::size_t size() const noexcept { return feeds_.size(); }

 private:
  struct Feed;
  struct Hash {
    std::size_t operator()(const Topic& topic) const noexcept;
  };

  static async<> run(std::shared_ptr<Feeds> self, std::shared_ptr<Feed> feed);
  static async<bool> ask(std::shared_ptr<Feeds> self, std::shared_ptr<Feed> feed);
  static async<> sweep_on(std::shared_ptr<Feeds> self);
  static async<bool> sweep(std::shared_ptr<Feeds> self, char kind, std::vector<std::int64_t> ids);
  void wake(const std::shared_ptr<Feed>& feed);
  void whisper(const Topic& topic, std::string_view what);
  std::vector<std::int64_t> followed(char kind) const;

  asio::io_context& io_;
  const std::chrono::milliseconds sweep_;
  asio::steady_timer timer_;
  std::map<char, Source*> sources_;
  std::function<void(const Topic*)> told_;
  std::unordered_map<Topic, std::shared_ptr<Feed>, Hash> feeds_;
  bool by_redis_ = false;
  bool sweep_now_ = false;
  bool closed_ = false;
};

}  // namespace ms::live
