#include "apps/monitor/nginx_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace ms::monitor {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Tokens of Nginx's configuration language: quoted, or up to a blank, ';' or brace; those three are tokens themselves.
class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : rest_(text) {}

  struct Token {
    std::string text;
    bool punctuation = false;  ///< one of ; { }, not quoted
  };

  /// Nothing at the end; an unclosed quote extends to the end too.
  std::optional<Token> next() {
    skip();
    if (rest_.empty()) return std::nullopt;
    const char first = rest_.front();
    if (first == ';' || first == '{' || first == '}') {
      rest_.remove_prefix(1);
      return Token{std::string(1, first), true};
    }
    if (first == '"' || first == '\'') return Token{quoted(first)};
    return Token{plain()};
  }

 private:
  void skip() {
    while (!rest_.empty()) {
      if (is_blank(rest_.front())) {
        rest_.remove_prefix(1);
      } else if (rest_.front() == '#') {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      } else {
        return;
      }
    }
  }

  std::string quoted(char quote) {
    std::string out;
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      const char c = take();
      if (c == quote) break;
      if (c == '\\' && !rest_.empty()) {
        out += take();
      } else {
        out += c;
      }
    }
    return out;
  }

  /// "${name}" is a part of its token.
  std::string plain() {
    std::string out;
    while (!rest_.empty() && !is_blank(rest_.front()) && rest_.front() != ';' && rest_.front() != '{' &&
           rest_.front() != '}') {
      const char c = take();
      out += c;
      if (c == '\\' && !rest_.empty()) out += take();
      if (c == '$' && rest_.starts_with('{')) {
        while (!rest_.empty() && !out.ends_with('}')) out += take();
      }
    }
    return out;
  }

  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
};

std::string with_port(std::string address) {
  if (address.starts_with("unix:")) return address;
  const auto colon = address.rfind(':');
  const auto bracket = address.rfind(']');
  const bool port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  return port ? address : address + ":80";
}

void add(Upstream& upstream, const std::vector<std::string>& directive) {
  if (directive.size() < 2 || directive.front() != "server") return;
  const auto has = [&](std::string_view token) { return std::ranges::find(directive, token) != directive.end(); };
  NamedServer server{with_port(directive[1]), has("backup"), has("down")};
  const auto found = std::ranges::find(upstream.servers, server.address, &NamedServer::address);
  if (found == upstream.servers.end()) {
    upstream.servers.push_back(std::move(server));
  } else {
    found->backup = found->backup && server.backup;
    found->down = found->down && server.down;
  }
}

}  // namespace

std::expected<std::vector<Upstream>, std::string> read_upstreams(std::string_view text) {
  std::vector<Upstream> out;
  Tokenizer tokens(text);
  std::vector<std::string> directive;
  int depth = 0;
  int inside = 0;  // the depth of the current upstream block, or 0
  while (auto token = tokens.next()) {
    if (!token->punctuation) {
      directive.push_back(std::move(token->text));
      continue;
    }
    if (token->text == "{") {
      ++depth;
      if (directive.size() == 2 && directive.front() == "upstream") {
        out.push_back({directive[1], {}});
        inside = depth;
      }
    } else if (token->text == "}") {
      if (depth == inside) inside = 0;
      if (--depth < 0) return std::unexpected("has a } too many");
    } else if (inside > 0 && depth == inside) {
      add(out.back(), directive);
    }
    directive.clear();
  }
  if (depth != 0 || !directive.empty()) return std::unexpected("ends in the middle of a block or directive");
  if (out.empty()) return std::unexpected("has no upstream block");
  return out;
}

std::string read_cache_path(std::string_view text) {
  Tokenizer tokens(text);
  bool at_start = true;
  while (const auto token = tokens.next()) {
    if (at_start && !token->punctuation && token->text == "proxy_cache_path") {
      const auto path = tokens.next();
      return path ? path->text : "";
    }
    at_start = token->punctuation;
  }
  return "";
}

}  // namespace ms::monitor
