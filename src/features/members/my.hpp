#pragma once
#include <string>
#include <vector>

#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/session/sessions.hpp"

namespace ms::members {

/// What 내 정보 shows.
struct MyPage {
  std::string email;
  std::string name;  ///< as typed, when the change was refused
  const std::vector<session::Device>& devices;
  std::string own_key;  ///< Device::key of the session that asks
  bool hidden;          ///< session::Viewer::hidden
  const Error* error;
  Timestamp now;
};

}  // namespace ms::members
