#include "infra/http/form.hpp"

#include <algorithm>
#include <charconv>

#include "infra/core/text.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::http {
namespace {

// The site's forms have a few dozen fields at most; more is an attempt to keep the server busy.
constexpr std::size_t kMaxPairs = 200;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

const std::string* find(const Pairs& pairs, std::string_view name) {
  const auto found = std::ranges::find(pairs, name, [](const auto& pair) -> std::string_view { return pair.first; });
  return found == pairs.end() ? nullptr : &found->second;
}

bool unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~").contains(c);
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

std::optional<Form> Form::parse(std::string_view encoded) {
  Form form;
  while (!encoded.empty()) {
    const std::string_view pair = encoded.substr(0, encoded.find('&'));
    encoded.remove_prefix(std::min(pair.size() + 1, encoded.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value || !form.add(*name, *std::move(value))) return std::nullopt;
  }
  return form;
}

bool Form::add(std::string_view name, std::string value) {
  if (!valid_utf8(name) || !valid_utf8(value) || pairs_.size() == kMaxPairs) return false;
  std::string key = unicode::normal(name);
  std::string text = unicode::normal(value);
  // Only the first value of a name counts, raw or normalized.
  if (text != value && find(pairs_, key) == nullptr) raw_values_.emplace_back(key, std::move(value));
  pairs_.emplace_back(std::move(key), std::move(text));
  return true;
}

/// Collects the fields of a multipart body as a form.
class Form::Collector final : public MultipartSink {
 public:
  bool begin_part(const PartHead& head) override {
    is_file_ = head.filename.has_value();
    name_ = head.name;
    value_.clear();
    return head.filename.value_or("").empty();
  }
  bool part_data(std::string_view bytes) override {
    if (is_file_) return false;
    value_.append(bytes);
    return true;
  }
  bool end_part() override {
    malformed_ = !is_file_ && !form_.add(name_, std::move(value_));
    return !malformed_;
  }
  /// Whether the field that it rejected was not a file.
  bool malformed() const noexcept { return malformed_; }
  Form take() { return std::move(form_); }

 private:
  Form form_;
  bool is_file_ = false;
  bool malformed_ = false;
  std::string name_;
  std::string value_;
};

std::expected<Form, MultipartError> Form::parse_multipart(std::string_view boundary, std::string_view body) {
  Collector fields;
  MultipartParser parser(boundary, {.parts = kMaxPairs}, fields);
  auto done = parser.push(body);
  if (done) done = parser.finish();
  if (done) return fields.take();
  return std::unexpected(fields.malformed() ? MultipartError::malformed : done.error());
}

std::string Form::encoded() const {
  std::string out;
  for (const auto& [name, value] : pairs_) {
    if (!out.empty()) out += '&';
    out.append(percent_encode(name)).append("=").append(percent_encode(value));
  }
  return out;
}

std::string_view Form::get(std::string_view name) const noexcept {
  const std::string* found = find(pairs_, name);
  return found == nullptr ? std::string_view() : *found;
}

std::string_view Form::raw(std::string_view name) const noexcept {
  const std::string* found = find(raw_values_, name);
  return found == nullptr ? get(name) : *found;
}

bool Form::has(std::string_view name) const noexcept {
  return std::ranges::any_of(pairs_, [&](const auto& pair) { return pair.first == name; });
}

std::optional<std::int64_t> Form::number(std::string_view name) const noexcept {
  const std::string_view text = get(name);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace ms::http
