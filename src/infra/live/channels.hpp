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

struct Subscription;

/// The topics that are followed here, and the asking for what is new in them. Nothing throws; a source that cannot be
/// asked is asked again with the next hint or sweep.
class Channels : public std::enable_shared_from_this<Channels> {
 public:
  Channels(asio::io_context& io, std::chrono::milliseconds sweep);
  ~Channels();
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;

  /// Once: the sweeps begin.
  void start();
  void close();
  void add(char kind, Source& source) { sources_[kind] = &source; }
  /// Null for a kind that nobody added.
  Source* source(char kind) const;

  /// An open stream, with all its marks. The reader stays where it is until leave().
  void join(Subscription& subscription);
  void leave(Subscription& subscription);
  void on_message(std::string_view message);
  /// See Hub::on_publish.
  void on_publish(std::function<void(const Topic*)> told) { on_publish_ = std::move(told); }
  /// Whether Redis's hints come from now on; either way some may have been missed.
  void subscribed_by_redis(bool connected);
  bool subscribed_by_redis() const noexcept { return by_redis_; }
  std::size_t size() const noexcept { return channels_.size(); }

 private:
  struct Channel;
  struct Hash {
    std::size_t operator()(const Topic& topic) const noexcept;
  };

  static async<> run(std::shared_ptr<Channels> self, std::shared_ptr<Channel> channel);
  static async<bool> ask(std::shared_ptr<Channels> self, std::shared_ptr<Channel> channel);
  static async<> sweep_on(std::shared_ptr<Channels> self);
  static async<bool> sweep(std::shared_ptr<Channels> self, char kind, std::vector<std::int64_t> ids);
  void wake(const std::shared_ptr<Channel>& channel);
  void publish_transient(const Topic& topic, std::string_view what);
  std::vector<std::int64_t> followed(char kind) const;

  asio::io_context& io_;
  const std::chrono::milliseconds sweep_;
  asio::steady_timer timer_;
  std::map<char, Source*> sources_;
  std::function<void(const Topic*)> on_publish_;
  std::unordered_map<Topic, std::shared_ptr<Channel>, Hash> channels_;
  bool by_redis_ = false;
  bool sweep_now_ = false;
  bool closed_ = false;
};

}  // namespace ms::live
