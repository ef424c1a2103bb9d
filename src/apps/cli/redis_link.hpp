#pragma once
#include <hiredis/hiredis.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "infra/config/config.hpp"

namespace ms::cli {

/// The error of Redis or of the connection to it, in one line.
class RedisError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A blocking connection with a deadline of two seconds for each step; servers use infra/redis instead.
class RedisLink {
 public:
  /// Connects and logs in. Throws RedisError.
  explicit RedisLink(const config::Settings::Redis& settings);

  /// The answer as text; a list's items joined by line ends. Throws RedisError, also for an error that Redis answers.
  std::string ask(const std::vector<std::string>& words);
  /// The value of a setting; "" when Redis refuses to give it.
  std::string setting(const std::string& name);

 private:
  struct Free {
    void operator()(redisContext* context) const;
  };
  std::unique_ptr<redisContext, Free> context_;
};

}  // namespace ms::cli
