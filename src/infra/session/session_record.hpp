#pragma once
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "infra/core/keyring.hpp"
#include "infra/core/time.hpp"
#include "infra/session/viewer.hpp"

namespace ms::session {

/// Under what a session was checked here; written beside the seed's fields with a tag (kPurpose), so that who can only
/// write to Redis makes nobody another member, and no login of one realm or database one of another.
struct ServerStamp {
  MemberId member;  ///< apart from userId, which an Express program may change
  std::string realm;
  std::int64_t epoch = 0;
  Timestamp touched{};  ///< exact to the second
};

/// What the keys of that tag are derived for (secret::Keyring::derived).
inline constexpr std::string_view kRecordPurpose = "session in Redis";

/// The JSON in `session:<id>` as express-session writes it through connect-redis: `cookie`, the seed's fields (userId,
/// email, role, permissions, lastAccess), ours, and whatever else a program keeps there, which survives every write.
class SessionRecord {
 public:
  /// How its cookie lives: `cookie.originalMaxAge`, and `cookie.secure` when the site is reached by TLS.
  struct Cookie {
    std::chrono::seconds idle;
    bool secure = false;
  };

  /// A session without anything.
  SessionRecord() = default;
  /// Nothing when `text` is no JSON object.
  static std::optional<SessionRecord> parse(std::string text);

  /// What it was read from.
  const std::string& read() const noexcept { return read_; }

  /// `userId`, a number or a string of digits; nothing when nobody is logged in.
  std::optional<MemberId> user() const;
  /// Nothing when it was never checked here, or names another member since. Not to be believed without is_authentic().
  std::optional<ServerStamp> stamp() const;
  /// Whether one of our programs wrote these marks for this session, when the database had this incarnation.
  bool is_authentic(const secret::Keyring& keys, std::string_view id, std::int64_t incarnation) const;
  /// Whether it carries the mark of another realm than this one.
  bool belongs_elsewhere(std::string_view realm) const;
  /// When a program last saved it: cookie.expires - cookie.originalMaxAge. The beginning of time when it does not say.
  Timestamp saved() const;

  /// Says that `viewer` was seen at `checked.touched`. An existing userId keeps its type and an existing cookie its
  /// attributes, but `expires` moves on.
  void put(const Viewer& viewer, const ServerStamp& stamp, const Cookie& cookie);
  /// After put().
  void authenticate(const secret::Keyring& keys, std::string_view id, std::int64_t incarnation);
  std::string text() const;

 private:
  SessionRecord(boost::json::object fields, std::string read) : fields_(std::move(fields)), read_(std::move(read)) {}

  boost::json::object fields_;
  std::string read_;
};

}  // namespace ms::session
