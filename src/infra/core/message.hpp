#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace ms {

/// The key of a text that people read, such as "login.wrong"; the words stand in src/text/ko.toml.
/// tools/check_text fails the build when a key written in C++ is not in the catalogue.
struct Msg {
  std::string_view key;
  friend bool operator==(const Msg&, const Msg&) = default;
};

consteval Msg operator""_msg(const char* key, std::size_t size) { return Msg{std::string_view(key, size)}; }

/// One {name} of a message and what stands there.
using MsgArg = std::pair<std::string_view, std::string_view>;

/// The Korean words of a message, each {name} replaced; a missing key gives the key itself.
/// The catalogue is compiled in (tools/viewc --catalogue); any thread may call.
std::string tr(Msg message, std::initializer_list<MsgArg> args = {});

}  // namespace ms
