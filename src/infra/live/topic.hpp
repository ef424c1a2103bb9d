#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Topics, and how far a stream is in them (docs/decisions/0015-live.md).
namespace ms::live {

/// What can be followed: "p34" is post 34, "b3" board 3, "u7" member 7's notifications.
struct Topic {
  char kind = 0;
  std::int64_t id = 0;
  friend auto operator<=>(const Topic&, const Topic&) = default;
};

/// "p34": a small letter and an id as we write it ourselves; nothing for anything else.
std::optional<Topic> parse_topic(std::string_view text);
std::string text(const Topic& topic);

/// How far a stream is in a topic: "p34:5" has all changes up to number 5.
struct Position {
  Topic topic;
  std::int64_t number = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

/// Of one stream; more are malformed.
inline constexpr std::size_t kMaxPositions = 8;

/// "p34:5,u7:41": a page's data-live, the query of /events, an event's id. Nothing when any part is malformed, a topic
/// comes twice, or there are more than kMaxPositions. "" has no position.
std::optional<std::vector<Position>> parse_positions(std::string_view text);
std::string text(const std::vector<Position>& positions);

/// A message between servers: topics that changed ("p34,u7"), or one topic and the text of a transient ("p34 what").
/// Malformed parts are left out.
struct Message {
  std::vector<Topic> topics;
  std::optional<std::string_view> transient;  ///< a view into the parsed text
};
Message parse_message(std::string_view message);

}  // namespace ms::live
