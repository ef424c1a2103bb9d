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

/// What a committed write changes for those who see it, and what therefore has to be read anew. There is no default: a
/// write that changes nothing for others says so.
class Changes {
 public:
  /// Nothing that pages of others show.
  static Changes nothing_shown() { return {}; }
  /// Published: pages and streams that show these topics read them anew, on every server.
  static Changes of_topics(std::vector<live::Topic> topics) {
    Changes out;
    out.topics_ = std::move(topics);
    return out;
  }
  /// The same, when only the results of the statements tell which topics.
  static Changes of_results(std::function<std::vector<live::Topic>()> topics) {
    Changes out;
    out.topics_of_results_ = std::move(topics);
    return out;
  }
  /// A PostgreSQL channel on which every server listens for this kind of change.
  static Changes of_channel(std::string name) {
    Changes out;
    out.channel_ = std::move(name);
    return out;
  }
  /// What is known of a member: every server asks for the account anew.
  static Changes of_member(MemberId member) {
    Changes out;
    out.member_ = member;
    return out;
  }
  /// The same for what the member may do or who sees them: no session in Redis says otherwise when the answer goes out.
  static Changes of_rights(MemberId member) {
    Changes out;
    out.member_ = member;
    out.rights_ = true;
    return out;
  }
  /// Ends the member's sessions but `kept` (a raw id, may be empty), which is a change of rights as well.
  static Changes of_sessions(MemberId member, std::string kept) {
    Changes out = of_rights(member);
    out.ended_but_ = std::move(kept);
    return out;
  }

  /// Keys of the cache in Redis that show it, too.
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
  std::optional<std::string> ended_but_;
};

/// What a repetition of the request is told that it made.
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

/// What a write says of itself when it is committed. Neither has a default, so what is left out does not compile.
struct Plan {
  ResultId result;
  Changes changes;
};

}  // namespace ms::write
