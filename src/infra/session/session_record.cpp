#include "infra/session/session_record.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

namespace ms::session {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

template <class T>
std::optional<T> parse_integer(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> number_field(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

std::string_view string_field(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

/// "2026-03-02T05:05:09.123Z" of Date.toJSON (ECMA-262, 21.4.1.32) and our own without the fraction.
std::optional<Timestamp> parse_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kShape.size() || text.back() != 'Z') return std::nullopt;
  std::array<int, 6> parts{};
  std::size_t part = 0;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] != 'd') {
      if (text[i] != kShape[i]) return std::nullopt;
      ++part;
    } else if (text[i] < '0' || text[i] > '9') {
      return std::nullopt;
    } else {
      parts[part] = parts[part] * 10 + (text[i] - '0');
    }
  }
  const std::chrono::year_month_day day{std::chrono::year(parts[0]),
                                        std::chrono::month(static_cast<unsigned>(parts[1])),
                                        std::chrono::day(static_cast<unsigned>(parts[2]))};
  if (!day.ok()) return std::nullopt;
  const auto fraction = text.substr(kShape.size(), text.size() - kShape.size() - 1);
  const auto thousandths = fraction.size() == 4 && fraction[0] == '.' ? parse_integer<int>(fraction.substr(1)) : 0;
  return std::chrono::sys_days(day) + std::chrono::hours(parts[3]) + std::chrono::minutes(parts[4]) +
         seconds(parts[5]) + std::chrono::milliseconds(thousandths.value_or(0));
}

/// The text that the tag signs. No part has a line break: the id comes from a signed cookie.
std::string tag_input(const ServerStamp& stamp, std::string_view id, std::int64_t incarnation) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", id, stamp.member.value, stamp.realm, stamp.epoch,
                     std::chrono::floor<seconds>(stamp.touched).time_since_epoch().count(), incarnation);
}

/// 1e999 in JSON is read as infinity, which JSON cannot express: it becomes null, as JSON.stringify writes it
/// (ECMA-262, 25.5.2.2).
void make_finite(json::value& value) {
  if (value.is_double() && !std::isfinite(value.get_double())) {
    value = nullptr;
  } else if (value.is_object()) {
    for (auto& member : value.get_object()) make_finite(member.value());
  } else if (value.is_array()) {
    for (auto& item : value.get_array()) make_finite(item);
  }
}

json::array permissions_of(const Viewer& viewer) {
  json::array out;
  const std::string joined = viewer.permissions.names();
  std::string_view names = joined;
  while (!names.empty()) {
    const auto comma = names.find(',');
    out.emplace_back(names.substr(0, comma));
    names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
  }
  return out;
}

}  // namespace

std::optional<SessionRecord> SessionRecord::parse(std::string text) {
  // One block holds all parts and is freed at once, because every request of a member reads a session.
  constexpr std::size_t kDefault = 2048;
  json::error_code error;
  json::value value = json::parse(text, error, json::make_shared_resource<json::monotonic_resource>(kDefault));
  if (error || !value.is_object()) return std::nullopt;
  make_finite(value);
  return SessionRecord(std::move(value.get_object()), std::move(text));
}

std::optional<MemberId> SessionRecord::user() const {
  auto id = number_field(fields_, "userId");
  if (!id) id = parse_integer<std::int64_t>(string_field(fields_, "userId"));
  if (!id || *id <= 0) return std::nullopt;
  return MemberId{*id};
}

std::optional<ServerStamp> SessionRecord::stamp() const {
  const auto member = number_field(fields_, "member");
  const auto epoch = number_field(fields_, "epoch");
  const auto touched = number_field(fields_, "touched");
  if (!member || !epoch || !touched || user() != MemberId{*member}) return std::nullopt;
  return ServerStamp{MemberId{*member}, std::string(string_field(fields_, "realm")), *epoch,
                     Timestamp(seconds(*touched))};
}

bool SessionRecord::is_authentic(const secret::Keyring& keys, std::string_view id, std::int64_t incarnation) const {
  const auto stamped = stamp();
  return stamped && keys.is_tag_of(string_field(fields_, "tag"), tag_input(*stamped, id, incarnation));
}

void SessionRecord::authenticate(const secret::Keyring& keys, std::string_view id, std::int64_t incarnation) {
  if (const auto stamped = stamp()) fields_["tag"] = keys.tag(tag_input(*stamped, id, incarnation));
}

bool SessionRecord::belongs_elsewhere(std::string_view realm) const {
  const auto own = string_field(fields_, "realm");
  return !own.empty() && own != realm;
}

Timestamp SessionRecord::saved() const {
  const auto* cookie = fields_.if_contains("cookie");
  if (cookie == nullptr || !cookie->is_object()) return Timestamp{};
  const auto expires = parse_time(string_field(cookie->get_object(), "expires"));
  const auto max_age = number_field(cookie->get_object(), "originalMaxAge");
  if (!expires || !max_age) return Timestamp{};
  return *expires - std::chrono::milliseconds(*max_age);
}

void SessionRecord::put(const Viewer& viewer, const ServerStamp& stamp, const Cookie& cookie) {
  auto& cookie_field = fields_["cookie"];
  if (!cookie_field.is_object()) {
    cookie_field = {{"originalMaxAge", std::chrono::milliseconds(cookie.idle).count()},
                    {"httpOnly", true},
                    {"path", "/"},
                    {"sameSite", "lax"},
                    {"secure", cookie.secure}};
  }
  cookie_field.get_object()["expires"] = rfc3339(stamp.touched + cookie.idle);
  if (user() != viewer.id) fields_["userId"] = viewer.id.value;
  fields_["email"] = viewer.email;
  fields_["role"] = name_of(viewer.role);
  fields_["permissions"] = permissions_of(viewer);
  fields_["lastAccess"] = rfc3339(stamp.touched);
  fields_["member"] = stamp.member.value;
  fields_["realm"] = stamp.realm;
  fields_["epoch"] = stamp.epoch;
  fields_["touched"] = std::chrono::floor<seconds>(stamp.touched).time_since_epoch().count();
}

std::string SessionRecord::text() const { return json::serialize(fields_); }

}  // namespace ms::session
