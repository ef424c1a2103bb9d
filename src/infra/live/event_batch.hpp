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

/// The reader is to load its page anew, and then stands at `marks`.
Bytes reload_event(const std::vector<Position>& positions);

/// What one asking of a topic brought: one event for all of it, rendered once for each kind of reader, and the bytes
/// made once for all readers who stand at the same marks.
class EventBatch {
 public:
  /// Whispers come before what has a number: who was typing may have written it.
  EventBatch(std::vector<Change> transients, std::vector<Change> changes);

  /// For a reader who has had the changes up to `after`, and stands at `marks` with this event. Null: nothing for it.
  Bytes event(const session::Viewer& viewer, std::int64_t after, const std::vector<Position>& positions);

 private:
  struct Rendering {
    std::vector<std::optional<int>> variants;  ///< of each change; nothing: it is left out
    bool numbered = false;                     ///< holds more than whispers, so that it moves the reader on
    std::string data;
    std::unordered_map<std::string, Bytes> events;  ///< by the text of the marks; "" for whispers
  };
  Rendering& rendering();

  std::vector<Change> changes_;
  std::vector<Rendering> renderings_;
  std::vector<std::optional<int>> chosen_;  ///< kept from reader to reader for its memory only
};

}  // namespace ms::live
