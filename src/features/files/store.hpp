#pragma once
#include "features/files/files.hpp"

// SQL of files only: one function is one named query.
namespace ms::files::store {

/// An attachment that may be downloaded by whoever may read `board`; no board: by its owner alone.
struct DownloadRow {
  std::string sha256;
  std::string name;
  std::string media_type;
  std::string renditions;
  State state;
  std::optional<BoardId> board;
  MemberId owner;
};

/// Of a visible post, with its board.
struct PostRow {
  BoardId board;
  MemberId author;
};

void guard_quota(write::Write& out, std::int64_t added, const Limits& limits);
write::Inserted<AttachmentId, AttachmentId> insert_upload(write::Write& out, std::optional<BoardId> board,
                                                          const NewUpload& upload, std::string_view upload_id,
                                                          std::string_view handle);
/// Uploads of `owner` that belong to a draft.
pg::ResultHandle<Upload> find_upload(pg::Statements& out, MemberId owner, AttachmentId id);
pg::ResultHandle<Upload> continue_upload(pg::Statements& out, MemberId owner, AttachmentId id);
/// Fails the transaction (409) when another request continues the upload.
void save_progress(pg::Statements& out, MemberId owner, const Upload& upload);
/// No row while a cleanup removes the file.
write::Inserted<FileId, FileId> upsert_file(write::Write& out, std::string_view sha256, std::int64_t size);
/// Fails the transaction (404) unless it is an unfinished upload of `owner`, or complete with this file.
void complete_upload(pg::Statements& out, MemberId owner, AttachmentId id, FileId file);
pg::ResultHandle<std::int64_t> remove(pg::Statements& out, MemberId owner, AttachmentId id);
pg::ResultHandle<Attachment> of_draft(pg::Statements& out, MemberId owner, const DraftKey& draft);
pg::ResultHandle<Attachment> find_in_draft(pg::Statements& out, MemberId owner, AttachmentId id);
/// The files of complete attachments whose post is visible, or that belong to a draft.
pg::ResultHandle<DownloadRow> find_download(pg::Statements& out, AttachmentId id);
pg::ResultHandle<PostRow> find_post(pg::Statements& out, PostId id);

/// Fails the transaction (422) when it is no complete upload of `owner` for the draft.
void set_avatar(pg::Statements& out, MemberId owner, AttachmentId id, const DraftKey& draft);
void remove_avatar(pg::Statements& out, MemberId owner);
pg::ResultHandle<std::string> find_avatar(pg::Statements& out, std::string_view name);

/// `choices`: JSON of objects with id, alt and decorative.
void attach(write::Write& out, const write::LocalId<PostId>& post, const DraftKey& draft, const std::string& choices);

}  // namespace ms::files::store
