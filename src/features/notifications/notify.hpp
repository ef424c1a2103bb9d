#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/core/id.hpp"
#include "infra/core/message.hpp"
#include "infra/core/result.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/markdown/markdown.hpp"
#include "infra/pg/db.hpp"
#include "infra/write/write.hpp"

// How notifications come about: each function adds its statement to the write that causes one, so that there is none
// without its cause and no cause without it. Callers name whom it concerns; who of them is notified is decided by the
// SQL function ms_recipients alone: never the actor, never about what somebody may not read.
namespace ms::notifications {

/// As in PostgreSQL (notifications.kind). Where several fit the lowest is told.
enum class Kind { mention = 1, reply = 2, comment = 3, notice = 4, like = 5, hidden = 6, restored = 7, deleted = 8 };

/// What a member turns on and off; all acts of staff are one.
inline constexpr std::array<Kind, 6> kSwitches = {Kind::mention, Kind::reply, Kind::comment,
                                                  Kind::notice,  Kind::like,  Kind::hidden};
/// "mention", "reply", …: as in forms, the API and Redis.
std::string_view name_of(Kind kind);
/// "나를 언급한 글과 댓글": what the switch is called.
Msg word_of(Kind kind);

/// The members that a text mentions: "@이름" that one member alone has, or "@이름#57".
class Mentions {
 public:
  /// At once in one text; more is no talk.
  static constexpr std::size_t kMax = 20;

  /// Pure; as a rule there are none, which costs nothing. Unexpected: invalid, field "content", when there are more
  /// than kMax.
  static Result<Mentions> of(std::string_view content);
  bool none() const noexcept { return written_.empty(); }
  /// Adds the question who they are to a batch, unless there are none.
  void ask(pg::Statements& batch);
  /// After the batch was sent.
  void answer();

  const std::vector<MemberId>& members() const noexcept { return members_; }
  /// For markdown::render.
  const std::vector<markdown::Link>& links() const noexcept { return links_; }
  /// What looks like a mention and names nobody, or one of several: "@홍길둥".
  const std::vector<std::string>& unresolved() const noexcept { return unresolved_; }
  /// Unexpected (invalid) when there is something unresolved that the writer was not shown. `shown`: the form's field
  /// (notifications/unresolved.html); none: nobody is asked.
  Result<void> check_unresolved(const std::optional<std::string>& shown) const;

  /// A row of the answer.
  struct Named {
    MemberId id;
    std::string name;
  };
  /// What answer() does with the rows; pure.
  void resolve(const std::vector<Named>& found);

 private:
  std::vector<markdown::Mention> written_;
  std::optional<pg::ResultHandle<Named>> asked_;
  std::vector<MemberId> members_;
  std::vector<markdown::Link> links_;
  std::vector<std::string> unresolved_;
};

/// Asks PostgreSQL who is mentioned, in one round trip if anybody is. Unexpected: invalid.
async<Result<Mentions>> find_mentions(pg::Db& db, const Call& call, std::string_view content);

/// A comment that the write inserts.
struct NewComment {
  write::LocalId<CommentId> id;
  PostId post;
  MemberId post_author;
  MemberId parent_author = {};  ///< of the comment that it replies to; 0: it is no reply
  const std::vector<MemberId>& mentioned;
};
void comment_written(write::Write& write, const NewComment& comment);
/// A comment whose text the write changes: only who was not notified of it before is notified.
void comment_edited(write::Write& write, CommentId id, PostId post, const std::vector<MemberId>& mentioned);

/// A post that the write inserts, or whose text it changes. `notice`: it becomes a notice, which concerns whoever
/// follows the board.
struct Post {
  write::LocalId<PostId> id;
  BoardId board;
  bool notice = false;
  const std::vector<MemberId>& mentioned;
};
void post_written(write::Write& write, const Post& post);

/// The actor likes something, or does no more; `comment` 0: the post itself. The author is notified once ever; taking
/// back hides it as long as it was not read.
void liked(write::Write& write, MemberId author, PostId post, CommentId comment);
void like_taken_back(write::Write& write, MemberId author, PostId post, CommentId comment);

/// The actor deletes somebody else's post or comment on the Site; `reason` may be empty.
void deleted_by_staff(write::Write& write, MemberId author, PostId post, CommentId comment, std::string_view reason);
/// An act of staff on the rows that the write changes: "hide", "restore", "delete".
void acted_on(write::Write& write, std::string_view act, const write::LocalIds<PostId>& posts, std::string_view reason);
void acted_on(write::Write& write, std::string_view act, const write::LocalIds<CommentId>& comments,
              std::string_view reason);

}  // namespace ms::notifications
