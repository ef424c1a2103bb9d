#pragma once
#include <compare>
#include <cstdint>
#include <functional>

namespace ms {

/// A 64-bit key of one kind of row: a PostId cannot be passed where a BoardId is expected.
template <class Tag>
struct Id {
  std::int64_t value = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
  explicit operator bool() const noexcept { return value != 0; }
};

using MemberId = Id<struct MemberTag>;
using BoardId = Id<struct BoardTag>;
using PostId = Id<struct PostTag>;
using CommentId = Id<struct CommentTag>;

}  // namespace ms

template <class Tag>
struct std::hash<ms::Id<Tag>> {
  std::size_t operator()(const ms::Id<Tag>& id) const noexcept { return std::hash<std::int64_t>()(id.value); }
};
