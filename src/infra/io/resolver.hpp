#pragma once
#include <memory>
#include <string>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"

namespace ms {

/// Looks up host names without holding up the event loop: getaddrinfo(3) runs in a thread of its own, at most one for
/// each name, because it cannot be interrupted while a name server is silent (30 s and longer). One io_context, whose
/// thread calls it; destroyed before the io_context, and never waits for a lookup that is under way.
class Resolver {
 public:
  explicit Resolver(asio::io_context& io);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  struct Found {
    std::vector<std::string> addresses;  ///< numeric, in the system's order of preference
    std::string error;                   ///< why there are none
  };
  /// The addresses of `host` (a numeric one is its own). When there is no answer before `deadline`, or none at half of
  /// the time where the name was known before, or an error, those of the last lookup that succeeded.
  async<Found> find(std::string host, Deadline deadline);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ms
