#pragma once
#include <array>

#include "infra/core/id.hpp"
#include "infra/live/topic.hpp"

// The live topics of the features (docs/decisions/0015-live.md). Their sources, and which caches their publications
// empty, are a table in apps/site/invalidation.cpp.
namespace ms::topics {

inline constexpr char kPost = 'p';
inline constexpr char kBoard = 'b';
inline constexpr char kMember = 'u';
inline constexpr std::array kAll{kPost, kBoard, kMember};

constexpr live::Topic post(PostId id) { return {kPost, id.value}; }
constexpr live::Topic board(BoardId id) { return {kBoard, id.value}; }
/// A member's own notifications.
constexpr live::Topic member(MemberId id) { return {kMember, id.value}; }

}  // namespace ms::topics
