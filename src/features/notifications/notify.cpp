#include "features/notifications/notify.hpp"

#include <algorithm>

#include "features/members/name.hpp"

namespace ms::notifications {
namespace {

// For a new comment, of which nobody was notified before; takes a third of the time of ms_notify. Each member is
// notified once, with the most specific kind.
constexpr pg::Query kNewComment{"notifications.new_comment", R"(
  with recipients as (
    select member_id, min(kind) as kind
      from ms_recipients($1, $2::bigint[], $3::smallint[], false, array[$4::bigint], '{0}') group by member_id),
  counted as (
    insert into notification_counts as c (user_id, number, unread)
    select member_id, 1, 1 from recipients order by member_id
    on conflict (user_id) do update set number = c.number + 1, unread = c.unread + 1
    returning c.user_id, c.number)
  insert into notifications (user_id, number, kind, actor_id, post_id, comment_id)
  select c.user_id, c.number, r.kind, $1, $4, ms_local_id($5)
    from counted c join recipients r on r.member_id = c.user_id returning user_id)"};
constexpr pg::Query kPost{"notifications.post", R"(
  select unnest(ms_notify($1, $2::bigint[] || following.members,
                          array_fill($3::smallint, array[cardinality($2::bigint[])]) ||
                          array_fill($4::smallint, array[cardinality(following.members)]),
                          false, $5, array[ms_local_id($6)], '{0}', ''))
    from (select coalesce(array_agg(user_id), '{}') as members from board_follows
           where $7::boolean and board_id = $8) following)"};
constexpr pg::Query kLike{"notifications.like", "select unnest(ms_notify_like($1, $2, $3, $4, $5, $6))"};
constexpr pg::Query kTakeBackLike{"notifications.take_back_like", "select unnest(ms_retract_like($1, $2, $3, $4))"};
constexpr pg::Query kSubject{"notifications.subject", R"(
  select unnest(ms_notify($1, $2, array[$3::smallint], $4, $5, array[$6::bigint], array[$7::bigint], $8)))"};
constexpr pg::Query kAuthorsOfPosts{"notifications.authors_of_posts", R"(
  select unnest(ms_notify($1, array_agg(author_id), array[$2::smallint], $3, $4, array_agg(id), '{0}', $6))
    from posts where id = any (ms_local_ids($5)))"};
constexpr pg::Query kAuthorsOfComments{"notifications.authors_of_comments", R"(
  select unnest(ms_notify($1, array_agg(author_id), array[$2::smallint], $3, $4, array_agg(post_id), array_agg(id), $6))
    from comments where id = any (ms_local_ids($5)))"};

constexpr pg::Query kNames{"notifications.names", R"(
  select found.id, found.name
    from unnest(string_to_array($1, chr(10))) as written (name),
         lateral (select id, name from users where users.name = written.name limit 2) found
  union
  select id, name from users where id = any ($2::bigint[]))"};

/// The names that a word may begin with, the longest first. Korean appends too many particles, titles and endings to
/// list them ("@김하늘선생님께서는요", "@김하늘입니다").
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

/// The mentioned member, with the part of the mention that is the name.
std::optional<Mentions::NamedMember> find_mentioned(const markdown::Mention& written,
                                                    const std::vector<Mentions::NamedMember>& found) {
  if (written.id != 0) {
    const auto one = std::ranges::find(found, MemberId{written.id}, &Mentions::NamedMember::id);
    if (one == found.end() || markdown::mentionable(one->name) != written.name) return std::nullopt;
    return Mentions::NamedMember{one->id, written.name};
  }
  for (const std::string& name : readings(written.name)) {
    const auto has = std::ranges::count(found, name, &Mentions::NamedMember::name);
    if (has == 1) return *std::ranges::find(found, name, &Mentions::NamedMember::name);
    if (has > 0) break;  // several members have the name: ambiguous
  }
  return std::nullopt;
}

std::string as_written(const markdown::Mention& mention) {
  return "@" + mention.name + (mention.id == 0 ? "" : "#" + std::to_string(mention.id));
}

int number_of(Kind kind) { return static_cast<int>(kind); }

}  // namespace

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
  handle_ = batch.add<NamedMember>(kNames, names, ids);
}

void Mentions::answer() {
  if (handle_) resolve(handle_->all());
  handle_.reset();
}

void Mentions::resolve(const std::vector<NamedMember>& found) {
  for (const markdown::Mention& written : written_) {
    const auto meant = find_mentioned(written, found);
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

void comment_written(write::Write& write, const NewComment& comment) {
  std::vector<MemberId> members = comment.mentioned;
  std::vector<int> kinds(members.size(), number_of(Kind::mention));
  const auto add = [&](MemberId member, Kind kind) {
    if (!member || member == write.actor()) return;  // saves a statement: actors are not notified of their own acts
    members.push_back(member);
    kinds.push_back(number_of(kind));
  };
  add(comment.parent_author, Kind::reply);
  add(comment.post_author, Kind::comment);
  if (!members.empty()) write.notify(kNewComment, write.actor(), members, kinds, comment.post, comment.id);
}

void comment_edited(write::Write& write, CommentId id, PostId post, const std::vector<MemberId>& mentioned) {
  notify(write, Kind::mention, {.post = post, .comment = id, .members = mentioned});
}

void post_written(write::Write& write, const Post& post) {
  if (post.mentioned.empty() && !post.notice) return;
  write.notify(kPost, write.actor(), post.mentioned, number_of(Kind::mention), number_of(Kind::notice),
               dedup_key(Kind::notice, write.actor()), post.id, post.notice, post.board);
}

void liked(write::Write& write, MemberId author, PostId post, CommentId comment) {
  if (write.actor() == author) return;
  write.notify(kLike, write.actor(), author, number_of(Kind::like), dedup_key(Kind::like, write.actor()), post,
               comment);
}

void like_taken_back(write::Write& write, MemberId author, PostId post, CommentId comment) {
  if (write.actor() == author) return;
  write.notify(kTakeBackLike, author, dedup_key(Kind::like, write.actor()), post, comment);
}

void notify(write::Write& write, Kind kind, const Subject& subject, std::string_view reason) {
  // Saves a statement: actors are not notified of their own acts.
  if (std::ranges::all_of(subject.members, [&](MemberId member) { return member == write.actor(); })) return;
  write.notify(kSubject, write.actor(), subject.members, number_of(kind), by_staff(kind),
               dedup_key(kind, write.actor()), subject.post, subject.comment, reason);
}

void notify_authors(write::Write& write, Kind kind, const write::LocalIds<PostId>& posts, std::string_view reason) {
  write.notify(kAuthorsOfPosts, write.actor(), number_of(kind), by_staff(kind), dedup_key(kind, write.actor()), posts,
               reason);
}

void notify_authors(write::Write& write, Kind kind, const write::LocalIds<CommentId>& comments,
                    std::string_view reason) {
  write.notify(kAuthorsOfComments, write.actor(), number_of(kind), by_staff(kind), dedup_key(kind, write.actor()),
               comments, reason);
}

}  // namespace ms::notifications
