#pragma once
#include <libpq-fe.h>

#include <string>

#include "infra/core/text.hpp"

namespace ms::config {

/// A conninfo string or URI of PostgreSQL, taken apart by libpq. Without `options` it is neither; `fault` says why.
struct Conninfo {
  PQconninfoOption* options = nullptr;
  std::string fault;

  explicit Conninfo(const std::string& url) {
    char* message = nullptr;
    options = PQconninfoParse(url.c_str(), &message);
    if (message != nullptr) fault = std::string(trim(message));
    PQfreemem(message);
  }
  Conninfo(const Conninfo&) = delete;
  Conninfo& operator=(const Conninfo&) = delete;
  ~Conninfo() { PQconninfoFree(options); }
};

}  // namespace ms::config
