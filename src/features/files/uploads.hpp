#pragma once
#include <optional>
#include <string>

#include "features/files/content_writer.hpp"
#include "features/files/files.hpp"
#include "infra/http/body_reader.hpp"

namespace ms::web {
class Context;
class FileReceiver;
}  // namespace ms::web

namespace ms::files {

/// Takes the bytes of uploads: registers them (Files), stores what arrives, and completes what is whole. Progress is
/// durable and recorded every 16 MB, so that another app server continues there. Whatever waits renews the deadline of
/// the Call.
class Uploads {
 public:
  Uploads(Files& files, storage::AsyncStore& store) : files_(files), store_(store) {}

  const Limits& limits() const noexcept { return files_.limits(); }

  /// Begins an upload; an empty file is complete at once. Unexpected as Files::begin_upload().
  async<Result<Upload>> create(Call& call, const session::Viewer& viewer, NewUpload wanted);
  /// An upload that has all its bytes is completed first, should a failure have come between.
  async<Result<Upload>> find(Call& call, const session::Viewer& viewer, AttachmentId id);

  struct Reception {
    Upload upload;
    std::optional<http::BodyError> failure;  ///< why the body ended early; what had come is stored
  };
  /// Appends a body at `offset`, and completes the upload when it is whole. Unexpected: conflict, when it continues
  /// elsewhere or another request does; too_large, when more comes than was announced.
  async<Result<Reception>> receive(Call& call, const session::Viewer& viewer, AttachmentId id, std::int64_t offset,
                                   http::BodyReader& body);
  /// Ends it, complete or not, as long as no post has it.
  async<Result<void>> remove(Call& call, const session::Viewer& viewer, AttachmentId id);

  /// Stores the files of one form in the draft that the form belongs to; each gives a field "attachment".
  std::unique_ptr<web::FileReceiver> receive_form(web::Context& ctx, boards::Boards& boards);

 private:
  friend class FormFile;

  async<Result<std::optional<http::BodyError>>> append(Call& call, const session::Viewer& viewer, Upload& upload,
                                                       http::BodyReader& body);
  async<Result<void>> save(Call& call, const session::Viewer& viewer, Upload& upload, ContentWriter& writer);
  /// Makes the received bytes a file and the upload its attachment. May be repeated.
  async<Result<void>> complete(Call& call, const session::Viewer& viewer, Upload& upload);
  async<Result<std::string>> begin_partial(std::string id);
  async<void> abandon_partial(std::string id, std::string handle);

  Files& files_;
  storage::AsyncStore& store_;
};

/// tus 1.0 (https://tus.io/protocols/resumable-upload) with creation, creation-with-upload, expiration and termination:
/// OPTIONS and POST /files; HEAD, PATCH and DELETE /files/uploads/{id}. An upload expires `keep_days` after its last
/// request. Add them before GET /files/{id}/{rendition}.
void add_upload_routes(web::Router& router, Uploads& uploads, std::chrono::days keep);

}  // namespace ms::files
