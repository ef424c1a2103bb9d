#include "infra/http/multipart.hpp"

#include <algorithm>

#include "infra/http/part_head.hpp"

namespace ms::http {
namespace {

constexpr std::string_view kLineBreak = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kMaxBoundary = 70;  // RFC 2046 5.1.1
constexpr std::size_t kMaxPadding = 64;   // white space after a delimiter; no client sends any

/// RFC 2046 5.1.1, bchars.
bool is_boundary_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("'()+_,-./:=? ").contains(c);
}

std::unexpected<MultipartError> because(MultipartError error) { return std::unexpected(error); }

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const auto header = ParameterizedHeader::parse(content_type);
  if (!header || header->value != "multipart/form-data") return std::nullopt;
  const std::string* boundary = header->find("boundary");
  const bool valid = boundary != nullptr && !boundary->empty() && boundary->size() <= kMaxBoundary &&
                     std::ranges::all_of(*boundary, is_boundary_char) && !boundary->ends_with(' ');
  if (!valid) return std::nullopt;
  return *boundary;
}

// The first delimiter needs no line break before it; prepending one makes it like all others.
MultipartParser::MultipartParser(std::string_view boundary, MultipartLimits limits, MultipartSink& sink)
    : delimiter_("\r\n--" + std::string(boundary)), limits_(limits), sink_(sink), pending_(kLineBreak) {}

std::expected<void, MultipartError> MultipartParser::push(std::string_view bytes) {
  body_bytes_ += bytes.size();
  if (body_bytes_ > limits_.body_bytes) return because(MultipartError::body_too_large);
  if (state_ == State::epilogue) return {};
  pending_.append(bytes);
  Step more = true;
  while (more && *more) more = step();
  if (!more) return because(more.error());
  pending_.erase(0, taken_);
  taken_ = 0;
  return {};
}

std::expected<void, MultipartError> MultipartParser::finish() const {
  if (state_ != State::epilogue) return because(MultipartError::malformed);
  return {};
}

MultipartParser::Step MultipartParser::step() {
  switch (state_) {
    case State::preamble:
    case State::body:
      return read_body();
    case State::delimiter_end:
      return read_delimiter_end();
    case State::head:
      return read_head();
    case State::epilogue:
      taken_ = pending_.size();
      return false;
  }
  return false;
}

/// Passes the first pending bytes to the sink.
std::expected<void, MultipartError> MultipartParser::emit(std::size_t size) {
  if (state_ == State::body && size > 0) {
    part_bytes_ += size;
    if (part_bytes_ > limits_.part_bytes) return because(MultipartError::part_too_large);
    if (!sink_.part_data(rest().substr(0, size))) return because(MultipartError::refused_by_sink);
  }
  taken_ += size;
  return {};
}

MultipartParser::Step MultipartParser::read_body() {
  const std::size_t found = rest().find(delimiter_);
  if (found == std::string::npos) {
    // The last bytes may begin a delimiter.
    const std::size_t held_back = std::min(rest().size(), delimiter_.size() - 1);
    if (const auto done = emit(rest().size() - held_back); !done) return because(done.error());
    return false;
  }
  if (const auto done = emit(found); !done) return because(done.error());
  if (state_ == State::body && !sink_.end_part()) return because(MultipartError::refused_by_sink);
  taken_ += delimiter_.size();
  state_ = State::delimiter_end;
  return true;
}

MultipartParser::Step MultipartParser::read_delimiter_end() {
  constexpr std::string_view kClose = "--";
  if (rest().starts_with(kClose)) {
    state_ = State::epilogue;
    return true;
  }
  const std::size_t padding = std::min(rest().find_first_not_of(" \t"), rest().size());
  const std::string_view end = rest().substr(padding, kLineBreak.size());
  if (padding > kMaxPadding) return because(MultipartError::malformed);
  const bool may_become_one = kLineBreak.starts_with(end) || (padding == 0 && kClose.starts_with(end));
  if (end.size() < kLineBreak.size() && may_become_one) return false;
  if (end != kLineBreak) return because(MultipartError::malformed);
  if (++parts_ > limits_.parts) return because(MultipartError::too_many_parts);
  taken_ += padding;  // not the line break: it may be the first of the two that end a head
  searched_ = 0;
  state_ = State::head;
  return true;
}

MultipartParser::Step MultipartParser::read_head() {
  const std::size_t end = rest().find(kHeadEnd, searched_);
  if (std::min(end, rest().size()) > limits_.head_bytes + kLineBreak.size())
    return because(MultipartError::head_too_large);
  if (end == std::string::npos) {
    searched_ = rest().size() - std::min(rest().size(), kHeadEnd.size() - 1);
    return false;
  }
  const auto lines = rest().substr(0, end);
  const auto head = parse_part_head(lines.substr(std::min(kLineBreak.size(), lines.size())));
  if (!head) return because(MultipartError::malformed);
  if (!sink_.begin_part(*head)) return because(MultipartError::refused_by_sink);
  taken_ += end + kHeadEnd.size();
  part_bytes_ = 0;
  state_ = State::body;
  return true;
}

}  // namespace ms::http
