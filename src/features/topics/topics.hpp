#pragma once
#include "infra/core/id.hpp"
#include "infra/live/topic.hpp"

// The live topics of the features (docs/decisions/0015-live.md). The letter of a member's topic is also in
// infra/live/hub.cpp, because only that member may follow it.
namespace ms::topics {

inline constexpr char kPost = 'p';
inline constexpr char kBoard = 'b';
inline constexpr char kMember = 'u';

constexpr live::Topic post(PostId id) { return {kPost, id.value}; }
constexpr live::Topic board(BoardId id) { return {kBoard, id.value}; }
/// A member's own notifications.
constexpr live::Topic member(MemberId id) { return {kMember, id.value}; }

}  // namespace ms::topics
