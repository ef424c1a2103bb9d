#include "features/files/store.hpp"

namespace ms::files::store {
namespace {

constexpr pg::Query kGuardQuota{"files.guard_quota", "select ms_guard_quota($1, $2, $3, $4, $5, $6)::text"};
constexpr pg::Query kInsertUpload{"files.insert_upload", R"(
  insert into attachments (owner_id, board_id, draft_key, name, size, upload_id, upload_handle)
  values ($2, $3, $4, $5, $6, $7, $8) returning ms_set_local_id($1, id))"};
constexpr pg::Query kFindUpload{"files.find_upload", R"(
  select id, upload_id, upload_handle, upload_hash, upload_session, name, size, received, file_id is not null from attachments
   where owner_id = $1 and id = $2 and post_id is null and deleted_at is null)"};
constexpr pg::Query kContinueUpload{"files.continue_upload", R"(
  update attachments set upload_session = upload_session + 1, touched_at = now()
   where owner_id = $1 and id = $2 and post_id is null and deleted_at is null
  returning id, upload_id, upload_handle, upload_hash, upload_session, name, size, received, file_id is not null)"};
constexpr pg::Query kSaveProgress{"files.save_progress", R"(
  with saved as (
    update attachments set upload_handle = $4, upload_hash = $5, received = $6, touched_at = now()
     where owner_id = $1 and id = $2 and upload_session = $3 and file_id is null and deleted_at is null returning id)
  select ms_guard(exists (select from saved), 409, $7)::text)"};
constexpr pg::Query kUpsertFile{"files.upsert_file", R"(
  insert into files (sha256, size) values ($2, $3)
  on conflict (sha256) do update set touched_at = now() where files.state <> 3 returning ms_set_local_id($1, id))"};
constexpr pg::Query kCompleteUpload{"files.complete_upload", R"(
  with done as (
    update attachments set file_id = $3, upload_handle = '', upload_hash = '', touched_at = now()
     where owner_id = $1 and id = $2 and deleted_at is null and coalesce(file_id, $3) = $3 returning id)
  select ms_guard(exists (select from done), 404, 'files.gone')::text)"};
constexpr pg::Query kRemove{"files.remove", R"(
  update attachments set deleted_at = now()
   where owner_id = $1 and id = $2 and post_id is null and deleted_at is null returning id)"};
constexpr pg::Query kOfDraft{"files.of_draft", R"(
  select a.id, a.name, a.size, a.alt, a.decorative, f.state, f.media_type, coalesce(f.width, 0), coalesce(f.height, 0),
         f.renditions
    from attachments a join files f on f.id = a.file_id
   where a.owner_id = $1 and a.draft_key = $2 and a.deleted_at is null order by a.id limit 100)"};
constexpr pg::Query kFindInDraft{"files.find_in_draft", R"(
  select a.id, a.name, a.size, a.alt, a.decorative, f.state, f.media_type, coalesce(f.width, 0), coalesce(f.height, 0),
         f.renditions
    from attachments a join files f on f.id = a.file_id
   where a.owner_id = $1 and a.id = $2 and a.post_id is null and a.deleted_at is null)"};
constexpr pg::Query kFindDownload{"files.find_download", R"(
  select f.sha256, a.name, f.media_type, f.renditions, f.state, p.board_id, a.owner_id
    from attachments a join files f on f.id = a.file_id left join posts p on p.id = a.post_id and p.visible
   where a.id = $1 and a.deleted_at is null and (a.post_id is null) = (p.id is null))"};
constexpr pg::Query kOfPosts{"files.of_posts", R"(
  select id, ms_attachments(id) from posts where id = any ($1::bigint[]) and attachments > 0)"};
constexpr pg::Query kSetAvatar{"files.set_avatar", R"(
  with chosen as (
    select f.id, f.sha256, f.renditions from attachments a join files f on f.id = a.file_id
     where a.owner_id = $1 and a.id = $2 and a.draft_key = $3 and a.deleted_at is null),
  shown as (
    update users u set avatar_file_id = c.id, avatar = case when c.renditions like '%thumb%' then left(c.sha256, 20) else '' end
      from chosen c where u.id = $1 returning u.id)
  select ms_guard(exists (select from shown), 422, $4)::text)"};
constexpr pg::Query kTakeDraft{"files.take_draft", R"(
  update attachments set deleted_at = now() where owner_id = $1 and draft_key = $2 and deleted_at is null)"};
constexpr pg::Query kRemoveAvatar{"files.remove_avatar",
                                  "update users set avatar_file_id = null, avatar = '' where id = $1"};
constexpr pg::Query kFindAvatar{"files.find_avatar", R"(
  select f.sha256 from users u join files f on f.id = u.avatar_file_id where u.avatar = $1 and u.avatar <> '' limit 1)"};
constexpr pg::Query kFindPost{"files.find_post", "select board_id, author_id from posts where id = $1 and visible"};
// One statement, because each of its parts refers to the same choices.
constexpr pg::Query kAttach{"files.attach", R"(
  with chosen as (
    select c.* from rows from (json_to_recordset($4::json) as (id bigint, alt text, decorative boolean))
      with ordinality as c (id, alt, decorative, position)),
  kept as (
    update attachments a
       set post_id = ms_local_id($1), draft_key = null, position = c.position, alt = c.alt, decorative = c.decorative
      from chosen c
     where a.id = c.id and a.deleted_at is null and a.file_id is not null
       and (a.post_id = ms_local_id($1) or (a.owner_id = $2 and a.draft_key = $3)) returning a.id),
  taken as (
    update attachments set deleted_at = now()
     where post_id = ms_local_id($1) and deleted_at is null and id not in (select id from chosen)),
  counted as (
    update posts set attachments = (select count(*) from kept)
     where id = ms_local_id($1) and (attachments > 0 or exists (select from kept)))
  select ms_guard((select count(*) from kept) = (select count(*) from chosen), 409, 'files.gone')::text)"};

}  // namespace

void guard_quota(write::Write& out, std::int64_t added, const Limits& limits) {
  out.add(kGuardQuota, out.actor(), added, limits.member_bytes, limits.site_bytes, "files.quota"_msg.key,
          "files.site_quota"_msg.key);
}
write::Inserted<AttachmentId, AttachmentId> insert_upload(write::Write& out, std::optional<BoardId> board,
                                                          const NewUpload& upload, std::string_view upload_id,
                                                          std::string_view handle) {
  return out.insert<AttachmentId>(kInsertUpload, out.actor(), board, upload.draft.text(), upload.name, upload.size,
                                  upload_id, handle);
}
pg::ResultHandle<Upload> find_upload(pg::Statements& out, MemberId owner, AttachmentId id) {
  return out.add<Upload>(kFindUpload, owner, id);
}
pg::ResultHandle<Upload> continue_upload(pg::Statements& out, MemberId owner, AttachmentId id) {
  return out.add<Upload>(kContinueUpload, owner, id);
}
void save_progress(pg::Statements& out, MemberId owner, const Upload& upload) {
  out.add(kSaveProgress, owner, upload.id, upload.session, upload.handle, upload.hash, upload.received,
          "files.continued"_msg.key);
}
write::Inserted<FileId, FileId> upsert_file(write::Write& out, std::string_view sha256, std::int64_t size) {
  return out.insert<FileId>(kUpsertFile, sha256, size);
}
void complete_upload(pg::Statements& out, MemberId owner, AttachmentId id, FileId file) {
  out.add(kCompleteUpload, owner, id, file);
}
pg::ResultHandle<std::int64_t> remove(pg::Statements& out, MemberId owner, AttachmentId id) {
  return out.add<std::int64_t>(kRemove, owner, id);
}
pg::ResultHandle<Attachment> of_draft(pg::Statements& out, MemberId owner, const DraftKey& draft) {
  return out.add<Attachment>(kOfDraft, owner, draft.text());
}
pg::ResultHandle<Attachment> find_in_draft(pg::Statements& out, MemberId owner, AttachmentId id) {
  return out.add<Attachment>(kFindInDraft, owner, id);
}
pg::ResultHandle<DownloadRow> find_download(pg::Statements& out, AttachmentId id) {
  return out.add<DownloadRow>(kFindDownload, id);
}
pg::ResultHandle<PostRow> find_post(pg::Statements& out, PostId id) { return out.add<PostRow>(kFindPost, id); }

void set_avatar(pg::Statements& out, MemberId owner, AttachmentId id, const DraftKey& draft) {
  out.add(kSetAvatar, owner, id, draft.text(), "files.no_picture"_msg.key);
  out.add(kTakeDraft, owner, draft.text());  // users.avatar_file_id keeps the file
}
void remove_avatar(pg::Statements& out, MemberId owner) { out.add(kRemoveAvatar, owner); }
pg::ResultHandle<std::string> find_avatar(pg::Statements& out, std::string_view name) {
  return out.add<std::string>(kFindAvatar, name);
}

void attach(write::Write& out, const write::LocalId<PostId>& post, const DraftKey& draft, const std::string& choices) {
  out.add(kAttach, post, out.actor(), draft.text(), choices);
}

}  // namespace ms::files::store

namespace ms::files {

pg::ResultHandle<OfPost> of_posts(pg::Statements& out, const std::vector<PostId>& posts) {
  return out.add<OfPost>(store::kOfPosts, posts);
}

}  // namespace ms::files
