#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "infra/core/id.hpp"
#include "infra/live/topic.hpp"
#include "infra/write/local_id.hpp"

namespace ms::write {

/// What a committed write changes for others, and what is therefore invalidated and published. There is no default: a
/// write that changes nothing for others says so.
class Changes {
 public:
  /// The write changes nothing that other members' pages show.
  static Changes nothing_shown() { return {}; }
  /// Publishes these topics: pages and streams on every server read them again.
  static Changes of_topics(std::vector<live::Topic> topics) {
    Changes out;
    out.topics_ = std::move(topics);
    return out;
  }
  /// The same, when the topics follow only from the results of the statements.
  static Changes of_results(std::function<std::vector<live::Topic>()> topics) {
    Changes out;
    out.topics_of_results_ = std::move(topics);
    return out;
  }
  /// Notifies a PostgreSQL channel on which every server listens for this kind of change.
  static Changes of_channel(std::string name) {
    Changes out;
    out.channel_ = std::move(name);
    return out;
  }
  /// A member's account changed: every server reads it again.
  static Changes of_member(MemberId member) {
    Changes out;
    out.member_ = member;
    return out;
  }
  /// The same for the member's rights or visibility: no session in Redis is outdated when the response goes out.
  static Changes of_rights(MemberId member) {
    Changes out;
    out.member_ = member;
    out.rights_ = true;
    return out;
  }
  /// Ends the member's sessions except `current` (a raw id, may be empty); this is a change of rights too.
  static Changes of_sessions(MemberId member, std::string current) {
    Changes out = of_rights(member);
    out.ended_except_ = std::move(current);
    return out;
  }

  /// Also invalidates these keys of the Redis cache.
  Changes with_cache(std::vector<std::string> keys) && {
    cache_keys_ = std::move(keys);
    return std::move(*this);
  }

 private:
  friend class Write;
  Changes() = default;
  std::vector<live::Topic> topics_;
  std::function<std::vector<live::Topic>()> topics_of_results_;
  std::vector<std::string> cache_keys_;
  std::string channel_;
  MemberId member_;
  bool rights_ = false;
  std::optional<std::string> ended_except_;
};

/// The id that a repetition of the request gets as its result.
class ResultId {
 public:
  template <class Id>
  ResultId(const LocalId<Id>& id) : reference_(id.text()) {}
  static ResultId none() { return ResultId(std::string("0")); }

 private:
  friend class Write;
  explicit ResultId(std::string reference) : reference_(std::move(reference)) {}
  std::string reference_;
};

/// What a feature declares when it commits a write. Neither member has a default, so omitting one does not compile.
struct Plan {
  ResultId result;
  Changes changes;
};

}  // namespace ms::write
