#pragma once
#include <memory>
#include <string>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"

namespace ms {

/// Resolves host names without blocking the event loop: getaddrinfo(3) runs in its own thread, at most one per name,
/// because it cannot be interrupted while a name server is silent (30 s and longer). It belongs to one io_context,
/// whose thread calls it; it is destroyed before the io_context and never waits for a running lookup.
class Resolver {
 public:
  explicit Resolver(asio::io_context& io);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  struct Lookup {
    std::vector<std::string> addresses;  ///< numeric, in the system's order of preference
    std::string error;                   ///< why there are none
  };
  /// The addresses of `host` (a numeric one is its own address). Returns the last successful lookup's addresses when
  /// the lookup fails or does not finish by `deadline`; for a name with such addresses it waits only half of the time.
  async<Lookup> find(std::string host, Deadline deadline);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ms
