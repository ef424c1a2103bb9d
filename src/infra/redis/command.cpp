#include "infra/redis/client.hpp"

namespace ms::redis {

void Command::begin(std::size_t count) {
  wire_.reserve(32 * count);
  wire_ += '*';
  wire_ += std::to_string(count);
  wire_ += "\r\n";
}

void Command::push(std::string_view argument) {
  wire_ += '$';
  wire_ += std::to_string(argument.size());
  wire_ += "\r\n";
  wire_ += argument;
  wire_ += "\r\n";
}

}  // namespace ms::redis
