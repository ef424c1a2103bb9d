#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "infra/live/source.hpp"
#include "infra/live/topic.hpp"
#include "infra/session/viewer.hpp"

// Server-sent events as bytes (WHATWG HTML 9.2.6).
namespace ms::live {

using Bytes = std::shared_ptr<const std::string>;

/// Asks the browser to reload its page, and puts the subscription at `positions`.
Bytes reload_event(const std::vector<Position>& positions);

/// The changes that one query of a topic gave, as one event: rendered once for each kind of viewer, and made into bytes
/// once for all subscriptions at the same positions.
class EventBatch {
 public:
  /// Transients come before changes: the comment may be by the member who was just typing.
  EventBatch(std::vector<Change> transients, std::vector<Change> changes);

  /// The event for a subscription that has the changes up to `after` and is at `positions` with this event. Null:
  /// nothing of it is for this viewer.
  Bytes event(const session::Viewer& viewer, std::int64_t after, const std::vector<Position>& positions);

 private:
  struct Rendering {
    std::vector<std::optional<int>> variants;  ///< of each change; nothing: left out
    bool numbered = false;                     ///< has more than transients, so the event moves the position
    std::string data;
    std::unordered_map<std::string, Bytes> events;  ///< by the text of the positions; "" for transients
  };
  Rendering& rendering();

  std::vector<Change> changes_;
  std::vector<Rendering> renderings_;
  std::vector<std::optional<int>> chosen_;  ///< a member only to reuse its memory
};

}  // namespace ms::live
