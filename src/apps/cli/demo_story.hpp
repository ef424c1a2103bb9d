#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/demo_plan.hpp"
#include "infra/core/time.hpp"

namespace ms::cli::demo {

/// Indexes point into the vectors of Story and Plan.
struct Post {
  std::size_t board = 0;
  std::size_t author = 0;
  Timestamp at;
  std::string title;
  std::string text;
  std::int64_t number = 0;
  std::int64_t views = 0;
  bool notice = false;
  std::optional<Timestamp> edited;
};

struct Comment {
  std::size_t post = 0;
  std::optional<std::size_t> parent, root;
  std::size_t author = 0;
  Timestamp at;
  std::string text;
  bool deleted = false;
};

/// Of a post or a comment.
struct Like {
  std::size_t of = 0;
  std::size_t by = 0;
  Timestamp at;
};

struct Story {
  std::vector<Timestamp> joined;  ///< of each person of the plan
  std::vector<Post> posts;        ///< oldest first
  std::vector<Comment> comments;  ///< oldest first; a parent stands before its replies
  std::vector<Like> post_likes, comment_likes;
};

/// Generates two years of a community that end at `now`; the same plan and `now` give the same story.
Story make_story(const Plan& plan, Timestamp now);

}  // namespace ms::cli::demo
