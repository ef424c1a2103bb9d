// What browsers and other servers say about topics: positions (the query of /events, Last-Event-ID) and hints. Unexpected,
// or read as what it is written as.
#include "infra/live/topic.hpp"

#include <string>

#include "work.hpp"

namespace {

using ms::fuzz::require;

constexpr std::uint64_t kFixed = 20'000;
constexpr std::uint64_t kPerByte = 1'000;

void check_positions(std::string_view text) {
  const auto begin = ms::fuzz::loads();
  const auto positions = ms::live::parse_positions(text);
  ms::fuzz::check_work(begin, text.size(), kFixed, kPerByte);
  if (!positions) return;
  require(positions->size() <= ms::live::kMaxPositions, "too many positions", text);
  require(ms::live::text(*positions) == text, "another text than what was read", text);
  for (const auto& one : *positions) require(one.topic.id > 0 && one.number >= 0, "a number", text);
}

void check_hint(std::string_view text) {
  const auto begin = ms::fuzz::loads();
  const ms::live::Hint hint = ms::live::parse_hint(text);
  ms::fuzz::check_work(begin, text.size(), kFixed, kPerByte);
  require(!hint.transient || hint.topics.size() == 1, "a transient event of no topic", text);
  require(!hint.transient || text.ends_with(*hint.transient), "words out of nothing", text);
  for (const auto& topic : hint.topics) {
    require(ms::live::parse_topic(ms::live::text(topic)) == topic, "another topic when read again", text);
    require(text.contains(ms::live::text(topic)), "a topic out of nothing", text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = ms::fuzz::text_of(data, size);
  check_positions(text);
  check_hint(text);
  return 0;
}
