#pragma once
#include <cstddef>
#include <optional>
#include <unordered_map>

#include "infra/core/id.hpp"

namespace ms::posts {

/// What never changes of a post: the board it stands on and who wrote it. That it is still visible is not said.
struct Origin {
  BoardId board;
  UserId author;
};

/// Origins of the posts that this thread has read lately, so that who adds something to a post that they have just seen
/// need not ask for it first. Forgets all when it is full: they are read again with the next page.
class Origins {
 public:
  static constexpr std::size_t kMost = 20'000;

  std::optional<Origin> find(PostId post) const {
    const auto known = known_.find(post.value);
    if (known == known_.end()) return std::nullopt;
    return known->second;
  }
  void learn(PostId post, Origin origin) {
    if (known_.size() >= kMost) known_.clear();
    known_.insert_or_assign(post.value, origin);
  }
  /// The database may be another one: it was restored.
  void forget() { known_.clear(); }

 private:
  std::unordered_map<std::int64_t, Origin> known_;
};

}  // namespace ms::posts
