#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace ms {

/// The key of a text that people read, such as "login.wrong"; the texts are in src/text/ko.toml. tools/check_text fails
/// the build when a key in C++ is missing from the catalogue.
struct Msg {
  std::string_view key;
  friend bool operator==(const Msg&, const Msg&) = default;
};

consteval Msg operator""_msg(const char* key, std::size_t size) { return Msg{std::string_view(key, size)}; }

/// One {name} of a message and its replacement.
using MsgArg = std::pair<std::string_view, std::string_view>;

/// The Korean text of a message with each {name} replaced; a missing key gives the key itself. The catalogue is
/// compiled in (tools/viewc --catalogue); any thread may call this.
std::string tr(Msg message, std::initializer_list<MsgArg> args = {});

}  // namespace ms
