#pragma once
#include <string_view>
#include <vector>

#include "features/notifications/notifications.hpp"
#include "infra/core/result.hpp"

namespace ms::notifications {

/// The notifications of one page about the same post, newest first.
struct Group {
  std::vector<const Notification*> lines;
  const Notification& newest() const { return *lines.front(); }
};
/// Ordered by the newest notification of each group.
std::vector<Group> grouped(const std::vector<Notification>& lines);

/// The content of the page 알림 설정.
struct SettingsPage {
  const Settings& settings;  ///< as stored
  const boards::Directory& boards;
  const session::Viewer& viewer;
  const std::vector<Kind>& off;  ///< as chosen
  const Error* error = nullptr;

  bool on(Kind kind) const;         ///< as chosen
  bool is_stored(Kind kind) const;  ///< whether it is on in the stored settings
};

}  // namespace ms::notifications
