#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "infra/core/result.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/live/topic.hpp"
#include "infra/session/viewer.hpp"
#include "infra/view/out.hpp"

namespace ms::live {

/// One change of a topic, rendered once for each kind of viewer, not for each viewer.
struct Change {
  std::int64_t number = 0;
  /// Which rendering this viewer gets; nothing: the viewer may not see the change (any more). Called when it is sent.
  std::function<std::optional<int>(const session::Viewer&)> variant;
  /// Writes Turbo Stream elements (<turbo-stream action=…>). Must neither throw nor wait.
  std::function<void(view::Out&, int variant)> render;
};

struct ChangeSet {
  std::vector<Change> changes;  ///< ascending by number
  std::int64_t number = 0;      ///< the topic's latest, of the same moment: nothing up to it is missing unless `more`
  bool more = false;            ///< there were more than kMaxChanges; the first ones are given
};

inline constexpr int kMaxChanges = 100;  ///< of one change set

/// Reads one kind of topic from PostgreSQL. Every feature with live pages has one for each thread.
class Source {
 public:
  virtual ~Source() = default;
  /// Whether the viewer may follow this topic; called when a stream opens. Unexpected: the error of its page.
  virtual async<Result<void>> may_follow(const Call& call, const session::Viewer& viewer, std::int64_t id) = 0;
  /// All changes after `number`, at most kMaxChanges. One statement, so that rows and number are of the same moment.
  virtual async<ChangeSet> since(const Call& call, std::int64_t id, std::int64_t number) = 0;
  /// The latest numbers of these topics, in one query; topics that no longer exist are left out.
  virtual async<std::vector<Position>> numbers(const Call& call, std::vector<std::int64_t> ids) = 0;
  /// Whether the ids are members', each of whom alone may follow the topic. Another member's position on a page, which
  /// came from before the login changed, is then corrected and not refused.
  virtual bool of_member() const noexcept { return false; }
  /// What a transient of this topic shows; nothing for a text that cannot be parsed. Its number is ignored.
  virtual std::optional<Change> parse_transient(std::int64_t id, std::string_view what) {
    static_cast<void>(id), static_cast<void>(what);
    return std::nullopt;
  }
};

}  // namespace ms::live
