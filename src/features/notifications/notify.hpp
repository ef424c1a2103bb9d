#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/notifications/kinds.hpp"
#include "infra/core/id.hpp"
#include "infra/core/result.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/markdown/markdown.hpp"
#include "infra/pg/db.hpp"
#include "infra/write/write.hpp"

// Creates notifications: each function adds its statement to the write that causes one, so that neither exists without
// the other. Callers name the members concerned; the SQL function ms_recipients alone decides who of them is notified:
// never the actor, nor a member who may not read the subject.
namespace ms::notifications {

/// The members that a text mentions: "@이름" when only one member has the name, or "@이름#57".
class Mentions {
 public:
  /// The limit for one text.
  static constexpr std::size_t kMax = 20;

  /// Pure. Most texts have none, which costs nothing. Unexpected: invalid, field "content", when there are more than
  /// kMax.
  static Result<Mentions> of(std::string_view content);
  bool none() const noexcept { return written_.empty(); }
  /// Adds the query for the members to a batch, unless there are no mentions.
  void ask(pg::Statements& batch);
  /// Reads the result; call it after the batch was sent.
  void answer();

  const std::vector<MemberId>& members() const noexcept { return members_; }
  /// For markdown::render.
  const std::vector<markdown::Link>& links() const noexcept { return links_; }
  /// Mentions that name no member or are ambiguous: "@홍길둥".
  const std::vector<std::string>& unresolved() const noexcept { return unresolved_; }
  /// Unexpected (invalid) when the writer was not shown all unresolved mentions. `shown`: the form's field
  /// (notifications/unresolved.html); without it there is no check.
  Result<void> check_unresolved(const std::optional<std::string>& shown) const;

  /// A row of the result.
  struct NamedMember {
    MemberId id;
    std::string name;
  };
  /// Pure part of answer(): resolves the mentions with the rows.
  void resolve(const std::vector<NamedMember>& found);

 private:
  std::vector<markdown::Mention> written_;
  std::optional<pg::ResultHandle<NamedMember>> handle_;
  std::vector<MemberId> members_;
  std::vector<markdown::Link> links_;
  std::vector<std::string> unresolved_;
};

/// Finds the mentioned members in PostgreSQL, in one round trip, or in none without mentions. Unexpected: invalid.
async<Result<Mentions>> find_mentions(pg::Db& db, const Call& call, std::string_view content);

/// A comment that the write inserts.
struct NewComment {
  write::LocalId<CommentId> id;
  PostId post;
  MemberId post_author;
  MemberId parent_author = {};  ///< of the comment that it replies to; 0: it is not a reply
  const std::vector<MemberId>& mentioned;
};
void comment_written(write::Write& write, const NewComment& comment);
/// A comment whose text the write changes. Notifies only members who were not notified of it before.
void comment_edited(write::Write& write, CommentId id, PostId post, const std::vector<MemberId>& mentioned);

/// A post that the write inserts, or whose text it changes. `notice`: it becomes a notice, which concerns the followers
/// of the board.
struct Post {
  write::LocalId<PostId> id;
  BoardId board;
  bool notice = false;
  const std::vector<MemberId>& mentioned;
};
void post_written(write::Write& write, const Post& post);

/// The actor likes something or takes the like back; `comment` 0: the post itself. The author is notified once ever;
/// taking back hides the notification unless it was read.
void liked(write::Write& write, MemberId author, PostId post, CommentId comment);
void like_taken_back(write::Write& write, MemberId author, PostId post, CommentId comment);

/// A post or comment that exists, and whom the actor's act on it notifies.
struct Subject {
  PostId post;
  CommentId comment = {};  ///< 0: the post itself
  std::vector<MemberId> members;
};
/// Notifies of any kind; `reason`: of an act of staff, may be empty.
void notify(write::Write& write, Kind kind, const Subject& subject, std::string_view reason = {});
/// Notifies the authors of the rows that the write changes.
void notify_authors(write::Write& write, Kind kind, const write::LocalIds<PostId>& posts, std::string_view reason);
void notify_authors(write::Write& write, Kind kind, const write::LocalIds<CommentId>& comments,
                    std::string_view reason);

}  // namespace ms::notifications
