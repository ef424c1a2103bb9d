#pragma once
#include <cstddef>
#include <optional>
#include <unordered_map>

#include "infra/core/id.hpp"

namespace ms::posts {

/// What never changes of a post: the board it stands on and who wrote it. That it is still visible is not said.
struct PostRef {
  BoardId board;
  MemberId author;
};

/// PostIndex of the posts that this thread has read lately, so that who adds something to a post that they have just
/// seen need not ask for it first. Forgets all when it is full: they are read again with the next page.
class PostIndex {
 public:
  static constexpr std::size_t kMax = 20'000;

  std::optional<PostRef> find(PostId post) const {
    const auto known = known_.find(post.value);
    if (known == known_.end()) return std::nullopt;
    return known->second;
  }
  void learn(PostId post, PostRef origin) {
    if (known_.size() >= kMax) known_.clear();
    known_.insert_or_assign(post.value, origin);
  }
  /// The database may be another one: it was restored.
  void forget() { known_.clear(); }

 private:
  std::unordered_map<std::int64_t, PostRef> known_;
};

}  // namespace ms::posts
