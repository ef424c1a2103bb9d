// What browsers and other servers send about topics: positions (the query of /events, Last-Event-ID) and messages. It
// is rejected, or written as it was read.
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

void check_message(std::string_view text) {
  const auto begin = ms::fuzz::loads();
  const ms::live::Message message = ms::live::parse_message(text);
  ms::fuzz::check_work(begin, text.size(), kFixed, kPerByte);
  require(!message.transient || message.topics.size() == 1, "a transient of no topic", text);
  require(!message.transient || text.ends_with(*message.transient), "a transient that is not in the text", text);
  for (const auto& topic : message.topics) {
    require(ms::live::parse_topic(ms::live::text(topic)) == topic, "another topic when read again", text);
    require(text.contains(ms::live::text(topic)), "a topic that is not in the text", text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = ms::fuzz::text_of(data, size);
  check_positions(text);
  check_message(text);
  return 0;
}
