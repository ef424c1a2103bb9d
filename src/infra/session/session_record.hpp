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

/// What one of our servers authenticated; written beside the seed's fields with a tag (kRecordPurpose). So write access
/// to Redis alone turns no session into another member's, another realm's or another database's.
struct ServerStamp {
  MemberId member;  ///< apart from userId, which an Express program may change
  std::string realm;
  std::int64_t epoch = 0;
  Timestamp touched{};  ///< exact to the second
};

/// The purpose that the tag's keys are derived for (secret::Keyring::derived).
inline constexpr std::string_view kRecordPurpose = "session in Redis";

/// The JSON in `session:<id>` as express-session writes it through connect-redis: `cookie`, the seed's fields (userId,
/// email, role, permissions, lastAccess), ours, and whatever else a program stores there, which survives every write.
class SessionRecord {
 public:
  /// Attributes of its cookie: `cookie.originalMaxAge`, and `cookie.secure` when the site is reached by TLS.
  struct Cookie {
    std::chrono::seconds idle;
    bool secure = false;
  };

  /// An empty session.
  SessionRecord() = default;
  /// Nothing when `text` is not a JSON object.
  static std::optional<SessionRecord> parse(std::string text);

  /// The text that it was parsed from.
  const std::string& read() const noexcept { return read_; }

  /// `userId`, a number or a string of digits; nothing when nobody is logged in.
  std::optional<MemberId> user() const;
  /// Nothing when none of our servers stamped it, or it names another member since. Trust it only after is_authentic().
  std::optional<ServerStamp> stamp() const;
  /// Whether one of our programs wrote this stamp for this session and this incarnation of the database.
  bool is_authentic(const secret::Keyring& keys, std::string_view id, std::int64_t incarnation) const;
  /// Whether it is stamped for another realm than this one.
  bool belongs_elsewhere(std::string_view realm) const;
  /// When a program last saved it: cookie.expires - cookie.originalMaxAge. Timestamp{} when it has neither.
  Timestamp saved() const;

  /// Writes the viewer and the stamp. An existing userId keeps its type and an existing cookie its attributes, except
  /// for `expires`, which moves on.
  void put(const Viewer& viewer, const ServerStamp& stamp, const Cookie& cookie);
  /// Signs the stamp; call after put().
  void authenticate(const secret::Keyring& keys, std::string_view id, std::int64_t incarnation);
  std::string text() const;

 private:
  SessionRecord(boost::json::object fields, std::string read) : fields_(std::move(fields)), read_(std::move(read)) {}

  boost::json::object fields_;
  std::string read_;
};

}  // namespace ms::session
