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

// How notifications come about: statements for the unit of whatever causes one, so that there is none without its cause
// and no cause without it. Whom PostgreSQL really tells is decided by ms_notify (schema/functions): never the actor,
// never about what somebody may not read, once for one thing.
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

/// Whom a unit told, once it is sent: give it to Notifications::told. Valid as long as the unit.
class Recipients {
 public:
  /// Nobody, without asking.
  Recipients() = default;
  explicit Recipients(pg::ResultHandle<MemberId> members) : members_(members) {}
  /// Each once, in order.
  std::vector<MemberId> all() const;

 private:
  std::optional<pg::ResultHandle<MemberId>> members_;
};

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

/// A comment that `author` writes in this unit (its id is the unit's newest), or one with that id whose text changed:
/// then only those are told who were not told of it before.
struct Comment {
  std::optional<CommentId> id = {};
  MemberId author;
  PostId post;
  MemberId post_author = {};    ///< who is told of a new one; 0: nobody
  MemberId parent_author = {};  ///< who is told of a reply; 0: nobody
  const std::vector<MemberId>& mentioned;
};
Recipients comment_written(pg::Statements& transaction, const Comment& comment);

/// A post of this unit, or one with that id whose text changed. `notice`: it became a notice, so who follows the board
/// is told.
struct Post {
  std::optional<PostId> id = {};
  MemberId author;
  BoardId board;
  bool notice = false;
  const std::vector<MemberId>& mentioned;
};
Recipients post_written(pg::Statements& transaction, const Post& post);

/// After the row of the like was added or taken; `comment` 0: the post itself is liked. The author is told once ever;
/// taking back hides it as long as it was not read.
Recipients liked(pg::Statements& transaction, MemberId actor, MemberId author, PostId post, CommentId comment);
Recipients like_taken_back(pg::Statements& transaction, MemberId actor, MemberId author, PostId post,
                           CommentId comment);

/// Staff deleted somebody else's post or comment on the Site; `reason` may be empty.
Recipients deleted_by_staff(pg::Statements& transaction, MemberId staff, MemberId author, PostId post,
                            CommentId comment, std::string_view reason);
/// After an act that wrote its lines into the audit log in this unit: "hide", "restore", "delete".
Recipients acted_on(pg::Statements& transaction, MemberId staff, std::string_view act,
                    const std::vector<PostId>& posts);
Recipients acted_on(pg::Statements& transaction, MemberId staff, std::string_view act,
                    const std::vector<CommentId>& comments);

}  // namespace ms::notifications
