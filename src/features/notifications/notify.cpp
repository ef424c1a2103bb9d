#include "features/notifications/notify.hpp"

#include <algorithm>
#include <array>

#include "features/members/name.hpp"

namespace ms::notifications {
namespace {

// currval is of the unit's own session: the row that it has just made.
constexpr pg::Query kComment{"notifications.comment", R"(
  select unnest(ms_notify($1, $2, $3, array[$4::bigint],
                          array[coalesce($5::bigint, currval('comments_id_seq'))], '')))"};
// What ms_notify does for one member and a comment that nobody can have been told of, in a third of its time: as a rule
// a comment tells one.
constexpr pg::Query kNewComment{"notifications.new_comment", R"(
  with counted as (
    insert into notification_counts as c (user_id, number, unread)
    select u.id, 1, 1 from users u, posts p join boards b on b.id = p.board_id
     where u.id = $2 and u.id <> $1 and p.id = $4 and p.visible
       and ms_may_notify(u.muted_notifications, u.suspended_until, u.role, b.read_role, $3::smallint)
    on conflict (user_id) do update set number = c.number + 1, unread = c.unread + 1
    returning c.user_id, c.number)
  insert into notifications (user_id, number, kind, actor_id, post_id, comment_id)
  select user_id, number, $3::smallint, $1, $4, currval('comments_id_seq') from counted returning user_id)"};
constexpr pg::Query kPost{"notifications.post", R"(
  select unnest(ms_notify($1, $2::bigint[] || following.members,
                          array_fill(1::smallint, array[cardinality($2::bigint[])]) ||
                          array_fill(4::smallint, array[cardinality(following.members)]),
                          array[coalesce($3::bigint, currval('posts_id_seq'))], '{0}', ''))
    from (select coalesce(array_agg(user_id), '{}') as members from board_follows
           where $4::boolean and board_id = $5) following)"};
constexpr pg::Query kLike{"notifications.like", "select unnest(ms_notify_like($1, $2, $3, $4))"};
constexpr pg::Query kTakeBackLike{"notifications.take_back_like", "select unnest(ms_retract_like($1, $2, $3, $4))"};
constexpr pg::Query kDeleted{"notifications.deleted", R"(
  select unnest(ms_notify($1, array[$2::bigint], '{8}', array[$3::bigint], array[$4::bigint], $5)))"};
// The lines of the audit log that this transaction wrote.
constexpr pg::Query kPostsActedOn{"notifications.posts_acted_on", R"(
  select unnest(ms_notify($1, array_agg(p.author_id), array[$2::smallint], array_agg(p.id), '{0}', min(a.reason)))
    from audit_log a join posts p on p.id = a.subject_id
   where a.subject_kind = 'post' and a.subject_id = any ($3::bigint[]) and a.actor_id = $1 and a.action = $4
     and a.at = now())"};
constexpr pg::Query kCommentsActedOn{"notifications.comments_acted_on", R"(
  select unnest(ms_notify($1, array_agg(c.author_id), array[$2::smallint], array_agg(c.post_id), array_agg(c.id),
                          min(a.reason)))
    from audit_log a join comments c on c.id = a.subject_id
   where a.subject_kind = 'comment' and a.subject_id = any ($3::bigint[]) and a.actor_id = $1 and a.action = $4
     and a.at = now())"};

constexpr pg::Query kNames{"notifications.names", R"(
  select found.id, found.name
    from unnest(string_to_array($1, chr(10))) as written (name),
         lateral (select id, name from users where users.name = written.name limit 2) found
  union
  select id, name from users where id = any ($2::bigint[]))"};

/// The names that somebody may have meant, what takes most of the word first: particles, titles and what else Korean
/// hangs on a name are too many to be listed ("@김하늘선생님께서는요", "@김하늘입니다").
std::vector<std::string> readings(const std::string& word) {
  std::vector<std::string> out;
  std::size_t characters = 0;
  for (std::size_t end = 1; end <= word.size() && characters < members::kNameLimit; ++end) {
    if (end < word.size() && (static_cast<unsigned char>(word[end]) & 0xC0U) == 0x80) continue;
    out.push_back(word.substr(0, end));
    ++characters;
  }
  std::ranges::reverse(out);
  return out;
}

/// The member that a mention names, under the part of it that is the name.
std::optional<Mentions::Named> meant_by(const markdown::Mention& written, const std::vector<Mentions::Named>& found) {
  if (written.id != 0) {
    const auto one = std::ranges::find(found, MemberId{written.id}, &Mentions::Named::id);
    if (one == found.end() || markdown::mentionable(one->name) != written.name) return std::nullopt;
    return Mentions::Named{one->id, written.name};
  }
  for (const std::string& name : readings(written.name)) {
    const auto has = std::ranges::count(found, name, &Mentions::Named::name);
    if (has == 1) return *std::ranges::find(found, name, &Mentions::Named::name);
    if (has > 0) break;  // two of that name: nobody knows who is meant
  }
  return std::nullopt;
}

std::string as_written(const markdown::Mention& mention) {
  return "@" + mention.name + (mention.id == 0 ? "" : "#" + std::to_string(mention.id));
}

std::vector<std::int64_t> values(const std::vector<MemberId>& members) {
  std::vector<std::int64_t> out;
  for (const MemberId member : members) out.push_back(member.value);
  return out;
}

Kind kind_of(std::string_view act) {
  if (act == "hide") return Kind::hidden;
  return act == "restore" ? Kind::restored : Kind::deleted;
}

constexpr std::array<std::string_view, 8> kKinds = {"mention", "reply",  "comment",  "notice",
                                                    "like",    "hidden", "restored", "deleted"};
constexpr std::array<Msg, 6> kSwitchWords = {"notifications.of_mention"_msg, "notifications.of_reply"_msg,
                                             "notifications.of_comment"_msg, "notifications.of_notice"_msg,
                                             "notifications.of_like"_msg,    "notifications.of_staff"_msg};

}  // namespace

std::string_view name_of(Kind kind) { return kKinds.at(static_cast<std::size_t>(kind) - 1); }
Msg word_of(Kind kind) { return kSwitchWords.at(std::min(static_cast<std::size_t>(kind), kSwitchWords.size()) - 1); }

std::vector<MemberId> Recipients::all() const {
  std::vector<MemberId> out;
  if (!members_) return out;
  out = members_->all();
  const auto [first, last] = std::ranges::unique(out);  // they come in order
  out.erase(first, last);
  return out;
}

Result<Mentions> Mentions::of(std::string_view content) {
  Mentions out;
  out.written_ = markdown::mentions(content, kMax + 1);
  if (out.written_.size() <= kMax) return out;
  return Unexpected(
      Error(ErrorCode::invalid, "error.invalid"_msg, {{"content", "notifications.too_many_mentions"_msg}}));
}

void Mentions::ask(pg::Statements& batch) {
  if (none()) return;
  std::string names;
  std::vector<std::int64_t> ids;
  for (const markdown::Mention& mention : written_) {
    if (mention.id != 0) {
      ids.push_back(mention.id);
      continue;
    }
    for (const std::string& name : readings(mention.name)) names.append(names.empty() ? "" : "\n").append(name);
  }
  asked_ = batch.add<Named>(kNames, names, ids);
}

void Mentions::answer() {
  if (asked_) resolve(asked_->all());
  asked_.reset();
}

void Mentions::resolve(const std::vector<Named>& found) {
  for (const markdown::Mention& written : written_) {
    const auto meant = meant_by(written, found);
    if (!meant) {
      unresolved_.push_back(as_written(written));
      continue;
    }
    links_.push_back({written, meant->name, "/members/" + std::to_string(meant->id.value)});
    if (std::ranges::find(members_, meant->id) == members_.end()) members_.push_back(meant->id);
  }
}

Result<void> Mentions::check_unresolved(const std::optional<std::string>& shown) const {
  if (!shown) return {};
  const std::string all = " " + *shown + " ";
  const bool seen =
      std::ranges::all_of(unresolved_, [&](const std::string& one) { return all.contains(" " + one + " "); });
  if (seen) return {};
  return fail(ErrorCode::invalid, "notifications.unresolved_again"_msg);
}

async<Result<Mentions>> find_mentions(pg::Db& db, const Call& call, std::string_view content) {
  auto mentions = Mentions::of(content);
  if (!mentions || mentions->none()) co_return mentions;
  pg::Batch batch = db.batch(call);
  mentions->ask(batch);
  co_await batch.send();
  mentions->answer();
  co_return mentions;
}

Recipients comment_written(pg::Statements& transaction, const Comment& comment) {
  std::vector<std::int64_t> members = values(comment.mentioned);
  std::vector<int> kinds(members.size(), static_cast<int>(Kind::mention));
  const auto add = [&](MemberId member, Kind kind) {
    if (!member || member == comment.author) return;
    members.push_back(member.value);
    kinds.push_back(static_cast<int>(kind));
  };
  add(comment.parent_author, Kind::reply);
  add(comment.post_author, Kind::comment);
  if (members.empty()) return {};
  if (members.size() == 1 && !comment.id) {
    return Recipients(
        transaction.add<MemberId>(kNewComment, comment.author, members.front(), kinds.front(), comment.post));
  }
  return Recipients(transaction.add<MemberId>(kComment, comment.author, members, kinds, comment.post, comment.id));
}

Recipients post_written(pg::Statements& transaction, const Post& post) {
  if (post.mentioned.empty() && !post.notice) return {};
  return Recipients(transaction.add<MemberId>(kPost, post.author, post.mentioned, post.id, post.notice, post.board));
}

Recipients liked(pg::Statements& transaction, MemberId actor, MemberId author, PostId post, CommentId comment) {
  if (actor == author) return {};
  return Recipients(transaction.add<MemberId>(kLike, actor, author, post, comment));
}

Recipients like_taken_back(pg::Statements& transaction, MemberId actor, MemberId author, PostId post,
                           CommentId comment) {
  if (actor == author) return {};
  return Recipients(transaction.add<MemberId>(kTakeBackLike, actor, author, post, comment));
}

Recipients deleted_by_staff(pg::Statements& transaction, MemberId staff, MemberId author, PostId post,
                            CommentId comment, std::string_view reason) {
  if (staff == author) return {};
  return Recipients(transaction.add<MemberId>(kDeleted, staff, author, post, comment, reason));
}

Recipients acted_on(pg::Statements& transaction, MemberId staff, std::string_view act,
                    const std::vector<PostId>& posts) {
  return Recipients(transaction.add<MemberId>(kPostsActedOn, staff, static_cast<int>(kind_of(act)), posts, act));
}

Recipients acted_on(pg::Statements& transaction, MemberId staff, std::string_view act,
                    const std::vector<CommentId>& comments) {
  return Recipients(transaction.add<MemberId>(kCommentsActedOn, staff, static_cast<int>(kind_of(act)), comments, act));
}

}  // namespace ms::notifications
