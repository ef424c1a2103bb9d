#pragma once
#include <string>
#include <vector>

#include "features/members/members.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/session/sessions.hpp"

namespace ms::members {

/// The content of the page 내 정보.
struct MyPage {
  MemberId id;
  std::string email;
  const OwnData& stored;
  std::string name;  ///< as typed, when the change was refused
  bool hidden;       ///< the same
  const std::vector<session::Device>& devices;
  std::string own_key;  ///< Device::key of this request's session
  const Error* error;
  Timestamp now;

  /// Whether another request changed the data meanwhile: the page shows the stored values beside the typed ones.
  bool edited() const { return error != nullptr && error->message == "error.edited"_msg; }
};

}  // namespace ms::members
