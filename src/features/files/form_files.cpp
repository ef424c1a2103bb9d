#include "features/files/content_writer.hpp"
#include "features/files/uploads.hpp"
#include "infra/core/secret.hpp"
#include "infra/session/refusals.hpp"
#include "infra/web/context.hpp"
#include "infra/web/file_receiver.hpp"

namespace ms::files {
namespace {

constexpr std::size_t kIdBytes = 18;

/// The draft that the form of this address writes.
std::optional<DraftKey> draft_of(const web::Context& ctx, const boards::Directory& boards) {
  if (ctx.request.path == "/my/avatar") return DraftKey{DraftKey::Form::avatar, ctx.viewer.id.value};
  if (ctx.request.path.ends_with("/edit")) return DraftKey{DraftKey::Form::edit, ctx.params.number("id")};
  const boards::Board* board = boards.find(ctx.params.get("slug"));
  if (board == nullptr) return std::nullopt;
  return DraftKey{DraftKey::Form::write, board->id.value};
}

}  // namespace

/// Files of a form: how large one is shows at its end only, so it is registered then. Until then it exists in the store
/// alone, where the cleanup finds it if this process ends.
class FormFile final : public web::FileReceiver {
 public:
  FormFile(Uploads& uploads, web::Context& ctx, boards::Boards& boards)
      : uploads_(uploads), ctx_(ctx), boards_(boards) {}

  async<Result<void>> begin(const http::PartHead& head) override {
    if (!ctx_.viewer.signed_in()) co_return session::login_first();
    if (!draft_) {
      const auto directory = co_await boards_.all(ctx_.call);
      draft_ = draft_of(ctx_, *directory);
    }
    if (!draft_) co_return fail(ErrorCode::not_found, "boards.gone"_msg);
    upload_ = {};
    upload_.name = head.filename.value_or("");
    upload_.upload_id = secret::random_text(kIdBytes);
    auto handle = co_await uploads_.begin_partial(upload_.upload_id);
    if (!handle) co_return Unexpected(handle.error());
    upload_.handle = *std::move(handle);
    auto writer = co_await ContentWriter::open(uploads_.store_, upload_);
    if (!writer) co_return Unexpected(writer.error());
    writer_ = *std::move(writer);
    co_return Result<void>();
  }

  async<Result<void>> write(std::string_view bytes) override {
    if (writer_->size() + static_cast<std::int64_t>(bytes.size()) > uploads_.limits().file_bytes) {
      co_return fail(ErrorCode::too_large, "files.too_large"_msg);
    }
    co_return co_await writer_->write(bytes);
  }

  async<Result<web::ReceivedFile>> end() override {
    upload_.size = writer_->size();
    ctx_.call.renew(kDatabaseTime);
    const auto id = co_await uploads_.files_.begin_upload(ctx_.call, ctx_.viewer, {*draft_, upload_.name, upload_.size},
                                                          upload_.upload_id, upload_.handle);
    if (!id) co_return Unexpected(id.error());
    upload_.id = *id;
    const auto started = co_await uploads_.files_.continue_upload(ctx_.call, ctx_.viewer, upload_.id);
    if (!started) co_return Unexpected(started.error());
    upload_.session = started->session;
    const auto saved = co_await uploads_.save(ctx_.call, ctx_.viewer, upload_, *writer_);
    if (!saved) co_return Unexpected(saved.error());
    const std::string digest = writer_->sha256();
    const auto done = co_await uploads_.complete(ctx_.call, ctx_.viewer, upload_);
    if (!done) co_return Unexpected(done.error());
    co_return web::ReceivedFile{"attachment", std::to_string(upload_.id.value), digest};
  }

  async<void> abandon() override {
    writer_.reset();
    co_await uploads_.abandon_partial(upload_.upload_id, upload_.handle);
  }

 private:
  static constexpr auto kDatabaseTime = std::chrono::milliseconds(1800);

  Uploads& uploads_;
  web::Context& ctx_;
  boards::Boards& boards_;
  std::optional<DraftKey> draft_;
  Upload upload_;
  std::unique_ptr<ContentWriter> writer_;
};

std::unique_ptr<web::FileReceiver> Uploads::receive_form(web::Context& ctx, boards::Boards& boards) {
  return std::make_unique<FormFile>(*this, ctx, boards);
}

}  // namespace ms::files
