#pragma once
#include <string>
#include <vector>

#include "features/members/members.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/session/sessions.hpp"

namespace ms::members {

/// What 내 정보 shows.
struct MyPage {
  std::string email;
  const Own& stored;
  std::string name;  ///< as typed, when the change was refused
  bool hidden;       ///< the same
  const std::vector<session::Device>& devices;
  std::string own_key;  ///< Device::key of the session that asks
  const Error* error;
  Timestamp now;

  /// Something else was stored meanwhile: it is shown beside what was typed.
  bool edited() const { return error != nullptr && error->message == "error.edited"_msg; }
};

}  // namespace ms::members
