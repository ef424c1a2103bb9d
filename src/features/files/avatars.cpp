#include <fmt/format.h>

#include "features/files/files.hpp"
#include "features/files/send.hpp"
#include "features/files/store.hpp"
#include "infra/session/refusals.hpp"
#include "infra/storage/async_store.hpp"
#include "infra/web/context.hpp"

// The pictures that stand beside members' names.
namespace ms::files {
namespace {

/// The profile in Redis has the picture's address, and every page that shows the name shows the picture.
write::Changes changes_of_avatar(MemberId member) {
  return write::Changes::of_member(member).with_cache({fmt::format("cache:user:profile:{}", member.value)});
}

}  // namespace

async<Result<void>> Files::set_avatar(const Call& call, const session::Viewer& viewer, std::optional<AttachmentId> id) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (!viewer.signed_in()) co_return session::login_first();
  if (!id) co_return Unexpected(Error(ErrorCode::invalid, "files.no_picture"_msg));
  store::set_avatar(write, viewer.id, *id, {DraftKey::Form::avatar, viewer.id.value});
  write.guard_member();
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = changes_of_avatar(viewer.id)});
}

async<Result<void>> Files::remove_avatar(const Call& call, const session::Viewer& viewer) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (!viewer.signed_in()) co_return session::login_first();
  store::remove_avatar(write, viewer.id);
  write.guard_member();
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = changes_of_avatar(viewer.id)});
}

async<std::optional<std::string>> Files::find_avatar(const Call& call, std::string name) {
  pg::Batch batch = db_.reads(call);
  const auto handle = store::find_avatar(batch, name);
  co_await batch.send();
  co_return handle.one();
}

namespace {

async<http::Response> save(web::Context& ctx, Files& files) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  if (const auto rejected = ctx.rejection()) co_return ctx.error_response(*rejected);
  const auto number = form->number("attachment");
  const auto id = number ? std::optional(AttachmentId{*number}) : std::nullopt;
  const auto done = co_await files.set_avatar(ctx.call, ctx.viewer, id);
  if (!done) co_return ctx.error_response(done.error());
  co_return ctx.redirect("/my", "flash.saved"_msg);
}

async<http::Response> remove(web::Context& ctx, Files& files) {
  const auto done = co_await files.remove_avatar(ctx.call, ctx.viewer);
  if (!done) co_return ctx.error_response(done.error());
  co_return ctx.redirect("/my", "flash.deleted"_msg);
}

async<http::Response> show(web::Context& ctx, Files& files, storage::AsyncStore& store) {
  const auto found = co_await files.find_avatar(ctx.call, std::string(ctx.params.get("name")));
  if (!found) co_return ctx.error_response(Error(ErrorCode::not_found, "files.gone"_msg));
  http::Response out = send(store, key_of(*found, "thumb"), "image/webp", "inline");
  // Named by its content and shown wherever the name is.
  out.set("Cache-Control", "public, max-age=86400, immutable");
  co_return out;
}

}  // namespace

void add_avatar_routes(web::Router& router, Files& files, storage::AsyncStore& store) {
  router.post_with_files("/my/avatar", [&](web::Context& ctx) { return save(ctx, files); });
  router.post("/my/avatar/remove", [&](web::Context& ctx) { return remove(ctx, files); });
  router.get("/avatars/{name}", [&](web::Context& ctx) { return show(ctx, files, store); });
}

}  // namespace ms::files
