#include "infra/live/topic.hpp"

#include <algorithm>
#include <charconv>

namespace ms::live {
namespace {

/// Only in the form that we write ourselves: no sign, no leading zero, no overflow.
std::optional<std::int64_t> parse_number(std::string_view digits) {
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return std::nullopt;
  if (digits[0] == '0' && digits.size() > 1) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

void append(std::string& out, std::int64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end.ptr);
}

std::optional<Position> parse_position(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto topic = parse_topic(text.substr(0, colon));
  const auto number = parse_number(text.substr(colon + 1));
  if (!topic || !number) return std::nullopt;
  return Position{*topic, *number};
}

}  // namespace

std::optional<Topic> parse_topic(std::string_view text) {
  if (text.empty() || text[0] < 'a' || text[0] > 'z') return std::nullopt;
  const auto id = parse_number(text.substr(1));
  if (!id || *id == 0) return std::nullopt;
  return Topic{text[0], *id};
}

std::string text(const Topic& topic) {
  std::string out(1, topic.kind);
  append(out, topic.id);
  return out;
}

std::optional<std::vector<Position>> parse_positions(std::string_view text) {
  std::vector<Position> positions;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto position = parse_position(text.substr(0, comma));
    const bool repeated =
        position && std::ranges::find(positions, position->topic, &Position::topic) != positions.end();
    if (!position || repeated || positions.size() == kMaxPositions) return std::nullopt;
    positions.push_back(*position);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::nullopt;
  }
  return positions;
}

std::string text(const std::vector<Position>& positions) {
  std::string out;
  for (const Position& position : positions) {
    if (!out.empty()) out += ',';
    out += position.topic.kind;
    append(out, position.topic.id);
    out += ':';
    append(out, position.number);
  }
  return out;
}

Message parse_message(std::string_view message) {
  Message out;
  if (const auto space = message.find(' '); space != std::string_view::npos) {
    if (const auto topic = parse_topic(message.substr(0, space))) {
      out.topics.push_back(*topic);
      out.transient = message.substr(space + 1);
    }
    return out;
  }
  while (!message.empty()) {
    const auto end = std::min(message.find(','), message.size());
    if (const auto topic = parse_topic(message.substr(0, end))) out.topics.push_back(*topic);
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  return out;
}

}  // namespace ms::live
