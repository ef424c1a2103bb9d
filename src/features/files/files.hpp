#pragma once
#include <boost/json/array.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/boards/boards.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/unicode/unicode.hpp"
#include "infra/web/router.hpp"
#include "infra/write/write.hpp"

namespace ms::http {
class Form;
}
namespace ms::storage {
class AsyncStore;
}

// Files and their attachments (docs/decisions/0042-files.md). A file is the bytes of one content, stored once under its
// hash. An attachment is one use of a file: in a post, or in the draft of whoever uploaded it. Whoever may read the
// post now may read the attachment; a draft's attachment is its owner's alone.
namespace ms::files {

using FileId = Id<struct FileTag>;
using AttachmentId = Id<struct AttachmentTag>;

constexpr std::string_view kPdf = "application/pdf";
constexpr std::size_t kNameLimit = 255;             ///< bytes of a file's name, as file systems have it
constexpr std::size_t kAltLimit = 500;              ///< characters of a picture's alternative text
constexpr std::size_t kMaxAttachments = 50;         ///< of one post
constexpr std::string_view kOriginal = "original";  ///< among renditions: the picture itself, without metadata
constexpr int kCardWidth = 480;                     ///< of renditions, in pixels; a smaller picture keeps its own
constexpr int kPageWidth = 960;
constexpr int kLargeWidth = 1920;

/// The form that an upload belongs to: of a new post on a board, of an existing post, or of one's own picture.
struct DraftKey {
  enum class Form { write, edit, avatar };
  Form form = Form::write;
  std::int64_t id = 0;  ///< of the board (write), the post (edit) or the member (avatar)

  /// "write-3", "edit-12", "avatar-5": as forms and uploads send it, and browsers name their own drafts.
  std::string text() const;
  static std::optional<DraftKey> parse(std::string_view text);
};

/// What has been made of a file's content (features/files/prepare).
/// "removing": a cleanup takes its bytes away, so nothing refers to it.
enum class State : int { waiting = 0, prepared = 1, unprepared = 2, removing = 3 };
void decode_cell(const pg::Cell& cell, State& out);

/// Whether a file's list of renditions, "thumb card page", has this one.
bool names_rendition(std::string_view renditions, std::string_view wanted) noexcept;

struct Attachment {
  AttachmentId id;
  std::string name;  ///< as it was uploaded, in NFC
  std::int64_t size = 0;
  std::string alt;          ///< alternative text of a picture; empty: none was given
  bool decorative = false;  ///< the picture says nothing, so it needs no alternative text
  State state = State::waiting;
  std::string media_type;  ///< by content
  int width = 0;           ///< of a picture, in pixels
  int height = 0;
  std::string renditions;  ///< names of the resized pictures, separated by spaces

  bool picture() const noexcept { return has("thumb"); }
  bool has(std::string_view rendition) const noexcept { return names_rendition(renditions, rendition); }
};

/// The attachments of one post in order: a column `ms_attachments(id)`, null for none.
struct AttachmentList {
  std::vector<Attachment> all;
};
void decode_cell(const pg::Cell& cell, AttachmentList& out);
/// As the API has it (schema Attachment).
boost::json::array to_json(const AttachmentList& attachments);

/// Of posts that have any, for lists that show them: also as a column of posts.
struct OfPost {
  PostId post;
  AttachmentList attachments;

  /// Null when it has none.
  const Attachment* first_picture() const;
};
pg::ResultHandle<OfPost> of_posts(pg::Statements& out, const std::vector<PostId>& posts);

/// What a form says of one attachment.
struct Choice {
  AttachmentId id;
  unicode::Line alt;
  bool decorative = false;
};
/// Fields "attachment" (ids in order), "alt-<id>", "decorative-<id>"; those with "remove-<id>" are left out. Nothing
/// when the form has no attachments at all (no field "attachments"): the post keeps those that it has.
std::optional<std::vector<Choice>> read_choices(const http::Form& form);
/// Adds what is wrong with them.
void check(const std::vector<Choice>& choices, std::vector<FieldError>& wrong);

/// Adds to a post's write: the post shows exactly these attachments, in this order. `post` may be created by the same
/// write. Fails the transaction (409) when one of them is neither the post's nor a complete one of the actor's draft.
void attach(write::Write& write, const write::LocalId<PostId>& post, const DraftKey& draft,
            const std::vector<Choice>& choices);

/// What one member, and all of them, may store.
struct Limits {
  std::int64_t file_bytes = 0;
  std::int64_t member_bytes = 0;
  std::int64_t site_bytes = 0;
};

/// A file that is about to be uploaded.
struct NewUpload {
  DraftKey draft;
  std::string name;  ///< as sent; normalized here
  std::int64_t size = 0;
};

/// An upload of the viewer, complete or not.
struct Upload {
  AttachmentId id;
  std::string upload_id;  ///< of the unfinished object in the store
  std::string handle;
  std::string hash;          ///< Sha256::state() of what was received; empty: of nothing
  std::int64_t session = 0;  ///< of the request that may send bytes now
  std::string name;
  std::int64_t size = 0;
  std::int64_t received = 0;  ///< bytes that are durable in the store
  bool complete = false;
};

/// What a reader may download.
struct Download {
  std::string sha256;
  std::string name;
  std::string media_type;
  std::string renditions;
  State state = State::waiting;
  bool own = false;  ///< the reader has uploaded it

  /// The object with its bytes. A picture says where it was taken, so only its uploader gets it as it was; everybody
  /// else gets it without metadata. As long as it is not known what the bytes are, they may be such a picture's.
  std::optional<std::string> key() const;
};

class Files {
 public:
  Files(pg::Db& db, boards::Boards& boards, write::Writer& writer, Limits limits)
      : db_(db), boards_(boards), writer_(writer), limits_(limits) {}

  const Limits& limits() const noexcept { return limits_; }

  /// Registers an upload whose bytes come next; `upload_id` and `handle` name the unfinished object. Unexpected: not
  /// allowed to write there, a wrong name or size (invalid), beyond the quota (too_large).
  async<Result<AttachmentId>> begin_upload(const Call& call, const session::Viewer& viewer, NewUpload upload,
                                           std::string upload_id, std::string handle);
  /// Unexpected: not_found, also for an upload of somebody else.
  async<Result<Upload>> find_upload(const Call& call, const session::Viewer& viewer, AttachmentId id);
  /// Begins a request that sends bytes: from now on, an earlier one can save no progress any more. Unexpected as
  /// find_upload().
  async<Result<Upload>> continue_upload(const Call& call, const session::Viewer& viewer, AttachmentId id);
  /// Stores how far the request has come (`received`, `handle`, `hash`). Unexpected: conflict, when a later request
  /// continues the same upload.
  async<Result<void>> save_progress(const Call& call, const session::Viewer& viewer, const Upload& upload);
  /// First half of completing an upload: from now on no cleanup removes the object with this hash, which the caller
  /// makes exist before the second half. Unexpected: unavailable, while a cleanup removes that object.
  async<Result<FileId>> register_file(const Call& call, const session::Viewer& viewer, std::string_view sha256,
                                      std::int64_t size);
  /// Second half: the upload is complete, and its file gets prepared (job "prepare_file").
  async<Result<void>> complete_upload(const Call& call, const session::Viewer& viewer, AttachmentId id, FileId file);
  /// Takes an attachment away from the viewer's draft; its bytes go with the next cleanup.
  async<Result<void>> remove(const Call& call, const session::Viewer& viewer, AttachmentId id);

  /// The complete attachments of the viewer's draft, in the order of their upload.
  async<std::vector<Attachment>> of_draft(const Call& call, const session::Viewer& viewer, const DraftKey& draft);
  /// Makes the member's own upload for "avatar-<id>" the picture that stands beside the name, once it is prepared.
  /// Unexpected: invalid (upload), when there is no such upload.
  async<Result<void>> set_avatar(const Call& call, const session::Viewer& viewer, std::optional<AttachmentId> id);
  async<Result<void>> remove_avatar(const Call& call, const session::Viewer& viewer);
  /// The content of a picture that members are shown with; nothing when it is nobody's.
  async<std::optional<std::string>> find_avatar(const Call& call, std::string name);
  /// One of them. Unexpected: not_found, also for one of somebody else.
  async<Result<Attachment>> find_in_draft(const Call& call, const session::Viewer& viewer, AttachmentId id);
  /// Unexpected: not_found, for everybody who may not read the post now.
  async<Result<Download>> find_download(const Call& call, const session::Viewer& viewer, AttachmentId id);

 private:
  /// The board that the draft's post is on or comes to; none for an avatar. Unexpected: the viewer may not write it.
  async<Result<std::optional<BoardId>>> board_of(const Call& call, const session::Viewer& viewer,
                                                 const DraftKey& draft);

  pg::Db& db_;
  boards::Boards& boards_;
  write::Writer& writer_;
  Limits limits_;
};

/// Attachments as a form shows them again: in the order and with the alternative texts of `choices`, without those that
/// are not chosen. No choices: unchanged.
std::vector<Attachment> arranged(std::vector<Attachment> all, const std::optional<std::vector<Choice>>& choices);

// For views:
/// "1.2 MB"
std::string size_text(std::int64_t bytes);
/// Whether to ask for its alternative text: it is a picture, or will be one when it is prepared.
bool may_be_picture(const Attachment& one);
/// The rendition that a post shows, and the one that opens on a click.
std::string_view shown_in_post(const Attachment& one);
std::string_view largest(const Attachment& one);

/// The key of a file's bytes in the store, and of one of its renditions.
std::string key_of(std::string_view sha256);
std::string key_of(std::string_view sha256, std::string_view rendition);
/// That of a picture as it was uploaded, without metadata; `renditions` names it "original".
std::string original_key_of(std::string_view sha256);

/// GET /files in the Admin: space, the largest owners, the newest attachments.
void add_admin_routes(web::Router& router, pg::Db& db, std::int64_t site_bytes);
/// POST /my/avatar and /my/avatar/remove, GET /avatars/{name}.
void add_avatar_routes(web::Router& router, Files& files, storage::AsyncStore& store);
/// GET /files/{id} and GET /files/{id}/{rendition}: Nginx sends the bytes (X-Accel-Redirect). GET /files/{id}/field:
/// what a form shows of an attachment of the viewer's draft, for the script that uploaded it.
void add_site_routes(web::Router& router, Files& files, storage::AsyncStore& store);

}  // namespace ms::files
