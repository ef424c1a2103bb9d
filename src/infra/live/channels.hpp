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
#include <utility>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/live/source.hpp"
#include "infra/live/topic.hpp"

namespace ms::live {

struct Subscription;

/// The topics that are followed on this thread, and the queries for their changes. Nothing throws; a source that does
/// not answer is queried again with the next publication or sweep.
class Channels : public std::enable_shared_from_this<Channels> {
 public:
  Channels(asio::io_context& io, std::chrono::milliseconds sweep);
  ~Channels();
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;

  /// Begins the sweeps; call once.
  void start();
  void close();
  void add(char kind, std::shared_ptr<Source> source) { sources_[kind] = std::move(source); }
  /// Null for a kind that was not added.
  Source* source(char kind) const;

  /// Follows all topics of an open stream. The subscription must keep its address until leave().
  void join(Subscription& subscription);
  void leave(Subscription& subscription);
  void on_message(std::string_view message);
  /// See Hub::on_publish.
  void on_publish(std::function<void(const Topic*)> handler) { on_publish_ = std::move(handler); }
  /// Whether Redis's publications arrive from now on; either way some may have been missed.
  void subscribed_by_redis(bool connected);
  bool subscribed_by_redis() const noexcept { return by_redis_; }
  std::size_t size() const noexcept { return channels_.size(); }

 private:
  struct Channel;
  struct Hash {
    std::size_t operator()(const Topic& topic) const noexcept;
  };

  static async<> run(std::shared_ptr<Channels> self, std::shared_ptr<Channel> channel);
  static async<bool> query(std::shared_ptr<Channels> self, std::shared_ptr<Channel> channel);
  static async<> run_sweeps(std::shared_ptr<Channels> self);
  static async<bool> sweep(std::shared_ptr<Channels> self, char kind, std::vector<std::int64_t> ids);
  void wake(const std::shared_ptr<Channel>& channel);
  void add_transient(const Topic& topic, std::string_view what);
  std::vector<std::int64_t> followed(char kind) const;

  asio::io_context& io_;
  const std::chrono::milliseconds sweep_;
  asio::steady_timer timer_;
  std::map<char, std::shared_ptr<Source>> sources_;
  std::function<void(const Topic*)> on_publish_;
  std::unordered_map<Topic, std::shared_ptr<Channel>, Hash> channels_;
  bool by_redis_ = false;
  bool sweep_now_ = false;
  bool closed_ = false;
};

}  // namespace ms::live
