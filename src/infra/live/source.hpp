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

/// One change of a topic, to be rendered once for each kind of reader, not once a reader.
struct Change {
  std::int64_t number = 0;
  /// Which rendering this reader gets; nothing: it may not have the change (any more). Asked when the change is sent.
  std::function<std::optional<int>(const session::Viewer&)> variant;
  /// Writes Turbo Stream elements (<turbo-stream action=…>). Must not throw and not wait.
  std::function<void(view::Out&, int variant)> render;
};

struct ChangeSet {
  std::vector<Change> changes;  ///< ascending by number
  std::int64_t number = 0;      ///< the topic's own, of the same moment: up to it nothing is missing but for `more`
  bool more = false;            ///< there were more than kMaxChanges; the first ones are given
};

inline constexpr int kMaxChanges = 100;  ///< of one asking

/// What PostgreSQL holds of one kind of topic. Every feature with something live has one; one per thread.
class Source {
 public:
  virtual ~Source() = default;
  /// Whether `who` may follow this one: asked when a stream opens. Unexpected: as its page would be.
  virtual async<Result<void>> may_follow(const Call& call, const session::Viewer& viewer, std::int64_t id) = 0;
  /// All changes after `number`, at most kMaxChanges. One statement, so that rows and number are of one moment.
  virtual async<ChangeSet> since(const Call& call, std::int64_t id, std::int64_t number) = 0;
  /// Where these topics stand now, in one query; those that are gone are left out.
  virtual async<std::vector<Position>> numbers(const Call& call, std::vector<std::int64_t> ids) = 0;
  /// What a whisper to this topic shows its readers; nothing for one that is not understood. Its number counts nothing.
  virtual std::optional<Change> parse_transient(std::int64_t id, std::string_view what) {
    static_cast<void>(id), static_cast<void>(what);
    return std::nullopt;
  }
};

}  // namespace ms::live
