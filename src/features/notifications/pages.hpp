#pragma once
#include <string_view>
#include <vector>

#include "features/notifications/notifications.hpp"
#include "infra/core/result.hpp"

namespace ms::notifications {

/// Lines of one page about the same post, newest first.
struct Group {
  std::vector<const Notification*> lines;
  const Notification& newest() const { return *lines.front(); }
};
/// In the order of their newest lines.
std::vector<Group> grouped(const std::vector<Notification>& lines);

/// What 알림 설정 shows.
struct SettingsPage {
  const Settings& settings;  ///< as they are stored
  const boards::Directory& boards;
  const session::Viewer& viewer;
  const std::vector<Kind>& off;  ///< as chosen
  const Error* error = nullptr;

  bool on(Kind kind) const;         ///< as chosen
  bool is_stored(Kind kind) const;  ///< what is on where it is stored
};

}  // namespace ms::notifications
