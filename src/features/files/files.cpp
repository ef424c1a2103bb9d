#include "features/files/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "features/files/store.hpp"
#include "infra/core/text.hpp"
#include "infra/http/form.hpp"
#include "infra/jobs/jobs.hpp"
#include "infra/session/refusals.hpp"

namespace ms::files {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 3> kForms = {"write", "edit", "avatar"};  // by DraftKey::Form

/// The last segment of a path that a browser may send, in normal form, with its extension when it must be cut.
std::string normal_name(std::string_view sent) {
  const unicode::Line line(sent.substr(sent.find_last_of("/\\") + 1));
  std::string name = line.text();
  if (name == "." || name == "..") return {};
  if (name.size() <= kNameLimit) return name;
  constexpr std::size_t kMaxExtension = 10;
  const auto dot = name.rfind('.');
  const std::string extension = dot != name.npos && name.size() - dot <= kMaxExtension ? name.substr(dot) : "";
  std::size_t end = kNameLimit - extension.size();
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // no half of a letter
  return name.substr(0, end) + extension;
}

Error wrong_upload(Msg message) { return {ErrorCode::invalid, message, {{"upload", message}}}; }

}  // namespace

std::string DraftKey::text() const { return fmt::format("{}-{}", kForms.at(static_cast<std::size_t>(form)), id); }

std::optional<DraftKey> DraftKey::parse(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const auto form = std::ranges::find(kForms, text.substr(0, dash));
  if (form == kForms.end()) return std::nullopt;
  DraftKey key{.form = static_cast<Form>(form - kForms.begin()), .id = 0};
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + dash + 1, end, key.id);
  if (error != std::errc() || last != end || key.id <= 0) return std::nullopt;
  return key;
}

bool names_rendition(std::string_view renditions, std::string_view wanted) noexcept {
  while (!renditions.empty()) {
    const std::string_view one = renditions.substr(0, renditions.find(' '));
    if (one == wanted) return true;
    renditions.remove_prefix(std::min(one.size() + 1, renditions.size()));
  }
  return false;
}

void decode_cell(const pg::Cell& cell, State& out) {
  int number = 0;
  pg::decode_cell(cell, number);
  out = static_cast<State>(number);
}

void decode_cell(const pg::Cell& cell, AttachmentList& out) {
  out.all.clear();
  if (cell.null) return;
  const json::value rows = json::parse(std::string_view(cell.data, static_cast<std::size_t>(cell.size)));
  for (const json::value& row : rows.as_array()) {
    const json::array& column = row.as_array();
    const auto number = [&](std::size_t at) { return column.at(at).as_int64(); };
    const auto text = [&](std::size_t at) { return std::string(column.at(at).as_string()); };
    out.all.push_back({AttachmentId{number(0)}, text(1), number(2), text(3), column.at(4).as_bool(),
                       static_cast<State>(number(5)), text(6), static_cast<int>(number(7)), static_cast<int>(number(8)),
                       text(9)});
  }
}

json::array to_json(const AttachmentList& attachments) {
  json::array out;
  for (const Attachment& one : attachments.all) {
    json::array renditions;
    for (const std::string_view name : {"thumb", "card", "page", "large"}) {
      if (one.has(name)) renditions.emplace_back(name);
    }
    out.push_back(json::object{{"id", one.id.value},
                               {"name", one.name},
                               {"size", one.size},
                               {"media_type", one.media_type},
                               {"url", fmt::format("/files/{}", one.id.value)},
                               {"alt", one.alt},
                               {"decorative", one.decorative},
                               {"width", one.width},
                               {"height", one.height},
                               {"renditions", std::move(renditions)}});
  }
  return out;
}

const Attachment* OfPost::first_picture() const {
  const auto found = std::ranges::find_if(attachments.all, &Attachment::picture);
  return found == attachments.all.end() ? nullptr : &*found;
}

std::optional<std::vector<Choice>> read_choices(const http::Form& form) {
  if (!form.has("attachments")) return std::nullopt;
  std::vector<Choice> out;
  for (const auto& [name, value] : form.pairs()) {
    if (name != "attachment" || form.has("remove-" + value)) continue;
    AttachmentId id;
    const char* end = value.data() + value.size();
    if (std::from_chars(value.data(), end, id.value).ptr != end || !id) continue;
    if (std::ranges::find(out, id, &Choice::id) != out.end()) continue;
    out.push_back({id, unicode::Line(form.get("alt-" + value)), form.has("decorative-" + value)});
  }
  return out;
}

void check(const std::vector<Choice>& choices, std::vector<FieldError>& wrong) {
  if (choices.size() > kMaxAttachments) wrong.push_back({"upload", "files.too_many"_msg});
  if (std::ranges::any_of(choices, [](const Choice& one) { return code_points(one.alt) > kAltLimit; })) {
    wrong.push_back({"upload", "files.alt_long"_msg});
  }
}

void attach(write::Write& write, const write::LocalId<PostId>& post, const DraftKey& draft,
            const std::vector<Choice>& choices) {
  json::array out;
  for (const Choice& one : choices) {
    out.push_back(json::object{{"id", one.id.value}, {"alt", one.alt.text()}, {"decorative", one.decorative}});
  }
  store::attach(write, post, draft, json::serialize(out));
}

async<Result<std::optional<BoardId>>> Files::board_of(const Call& call, const session::Viewer& viewer,
                                                      const DraftKey& draft) {
  if (draft.form == DraftKey::Form::avatar) {
    if (draft.id != viewer.id.value) co_return session::no_right(viewer);
    co_return std::optional<BoardId>();
  }
  const auto directory = co_await boards_.all(call);
  BoardId id{draft.id};
  if (draft.form == DraftKey::Form::edit) {
    pg::Batch batch = db_.reads(call);
    const auto handle = store::find_post(batch, PostId{draft.id});
    co_await batch.send();
    const auto post = handle.one();
    if (!post) co_return fail(ErrorCode::not_found, "posts.gone"_msg);
    if (post->author != viewer.id) co_return session::no_right(viewer);
    id = post->board;
  }
  const boards::Board* board = directory->find(id);
  if (board == nullptr || !board->readable(viewer)) co_return fail(ErrorCode::not_found, "boards.gone"_msg);
  if (!board->writable(viewer)) co_return session::no_right(viewer);
  co_return std::optional(id);
}

async<Result<AttachmentId>> Files::begin_upload(const Call& call, const session::Viewer& viewer, NewUpload upload,
                                                std::string upload_id, std::string handle) {
  write::Write write = writer_.begin(call, viewer);
  if (const auto first = write.replayed()) co_return AttachmentId{*first};
  if (!viewer.signed_in()) co_return session::login_first();
  const auto board = co_await board_of(call, viewer, upload.draft);
  if (!board) co_return Unexpected(board.error());
  upload.name = normal_name(upload.name);
  if (!unicode::visible(upload.name)) co_return Unexpected(wrong_upload("files.name_empty"_msg));
  if (upload.size < 0) co_return Unexpected(wrong_upload("files.size_wrong"_msg));
  if (upload.size > limits_.file_bytes) co_return fail(ErrorCode::too_large, "files.too_large"_msg);
  *board ? boards::guard(write, **board, boards::Right::write, "boards.gone"_msg) : write.guard_member();
  store::guard_quota(write, upload.size, limits_);
  const auto inserted = store::insert_upload(write, *board, upload, upload_id, handle);
  const auto done = co_await write.commit({.result = inserted.id, .changes = write::Changes::nothing_shown()});
  if (!done) co_return Unexpected(done.error());
  co_return inserted.row.one().value();
}

async<Result<Upload>> Files::find_upload(const Call& call, const session::Viewer& viewer, AttachmentId id) {
  if (!viewer.signed_in()) co_return session::login_first();
  pg::Batch batch = db_.reads(call);
  const auto handle = store::find_upload(batch, viewer.id, id);
  co_await batch.send();
  auto found = handle.one();
  if (!found) co_return fail(ErrorCode::not_found, "files.gone"_msg);
  co_return std::move(*found);
}

async<Result<Upload>> Files::continue_upload(const Call& call, const session::Viewer& viewer, AttachmentId id) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return fail(ErrorCode::conflict, "files.continued"_msg);
  if (!viewer.signed_in()) co_return session::login_first();
  write.guard_member();
  const auto upload = store::continue_upload(write, viewer.id, id);
  const auto done =
      co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::nothing_shown()});
  if (!done) co_return Unexpected(done.error());
  auto found = upload.one();
  if (!found) co_return fail(ErrorCode::not_found, "files.gone"_msg);
  co_return std::move(*found);
}

async<Result<void>> Files::save_progress(const Call& call, const session::Viewer& viewer, const Upload& upload) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  write.guard_member();
  store::save_progress(write, viewer.id, upload);
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::nothing_shown()});
}

async<Result<FileId>> Files::register_file(const Call& call, const session::Viewer& viewer, std::string_view sha256,
                                           std::int64_t size) {
  write::Write write = writer_.begin(call, viewer);
  if (const auto first = write.replayed()) co_return FileId{*first};
  write.guard_member();
  const auto file = store::upsert_file(write, sha256, size);
  const auto done = co_await write.commit({.result = file.id, .changes = write::Changes::nothing_shown()});
  if (!done) co_return Unexpected(done.error());
  const auto id = file.row.one();
  if (!id) co_return fail(ErrorCode::unavailable, "files.removing"_msg);
  co_return *id;
}

async<Result<void>> Files::complete_upload(const Call& call, const session::Viewer& viewer, AttachmentId id,
                                           FileId file) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  write.guard_member();
  store::complete_upload(write, viewer.id, id, file);
  jobs::enqueue(write, {.kind = "prepare_file",
                        .payload = std::to_string(file.value),
                        .unique_key = fmt::format("prepare_file {}", file.value)});
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::nothing_shown()});
}

async<Result<void>> Files::remove(const Call& call, const session::Viewer& viewer, AttachmentId id) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (!viewer.signed_in()) co_return session::login_first();
  write.guard_member();
  const auto removed = store::remove(write, viewer.id, id);
  const auto done =
      co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::nothing_shown()});
  if (done && !removed.one()) co_return fail(ErrorCode::not_found, "files.gone"_msg);
  co_return done;
}

async<std::vector<Attachment>> Files::of_draft(const Call& call, const session::Viewer& viewer, const DraftKey& draft) {
  pg::Batch batch = db_.reads(call);
  const auto handle = store::of_draft(batch, viewer.id, draft);
  co_await batch.send();
  co_return handle.all();
}

async<Result<Attachment>> Files::find_in_draft(const Call& call, const session::Viewer& viewer, AttachmentId id) {
  if (!viewer.signed_in()) co_return session::login_first();
  pg::Batch batch = db_.reads(call);
  const auto handle = store::find_in_draft(batch, viewer.id, id);
  co_await batch.send();
  auto found = handle.one();
  if (!found) co_return fail(ErrorCode::not_found, "files.gone"_msg);
  co_return std::move(*found);
}

async<Result<Download>> Files::find_download(const Call& call, const session::Viewer& viewer, AttachmentId id) {
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.reads(call);
  const auto handle = store::find_download(batch, id);
  co_await batch.send();
  auto found = handle.one();
  if (!found) co_return fail(ErrorCode::not_found, "files.gone"_msg);
  const boards::Board* board = found->board ? directory->find(*found->board) : nullptr;
  const bool readable = found->board ? board != nullptr && board->readable(viewer) : found->owner == viewer.id;
  if (!readable) co_return fail(ErrorCode::not_found, "files.gone"_msg);
  co_return Download{std::move(found->sha256),     std::move(found->name), std::move(found->media_type),
                     std::move(found->renditions), found->state,           found->owner == viewer.id};
}

std::optional<std::string> Download::key() const {
  if (names_rendition(renditions, kOriginal)) return original_key_of(sha256);
  const bool may_be_picture = state == State::waiting || media_type.starts_with("image/");
  return may_be_picture && !own ? std::nullopt : std::optional(key_of(sha256));
}

std::vector<Attachment> arranged(std::vector<Attachment> all, const std::optional<std::vector<Choice>>& choices) {
  if (!choices) return all;
  std::vector<Attachment> out;
  for (const Choice& choice : *choices) {
    const auto found = std::ranges::find(all, choice.id, &Attachment::id);
    if (found == all.end()) continue;
    found->alt = choice.alt.text();
    found->decorative = choice.decorative;
    out.push_back(std::move(*found));
  }
  return out;
}

std::string size_text(std::int64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"KB", "MB", "GB", "TB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  return size < 10 ? fmt::format("{:.1f} {}", size, kUnits.at(unit)) : fmt::format("{:.0f} {}", size, kUnits.at(unit));
}

bool may_be_picture(const Attachment& one) {
  if (one.state != State::waiting) return one.picture();
  constexpr std::array<std::string_view, 8> kExtensions = {".jpg",  ".jpeg", ".png",  ".gif",
                                                           ".webp", ".heic", ".heif", ".avif"};
  const std::string name = ascii_lower(one.name);
  return std::ranges::any_of(kExtensions, [&](std::string_view extension) { return name.ends_with(extension); });
}

std::string_view shown_in_post(const Attachment& one) {
  for (const std::string_view name : {"page", "card"}) {
    if (one.has(name)) return name;
  }
  return "thumb";
}

std::string_view largest(const Attachment& one) { return one.has("large") ? "large" : shown_in_post(one); }

std::string key_of(std::string_view sha256) { return fmt::format("files/{}/{}", sha256.substr(0, 2), sha256); }
std::string key_of(std::string_view sha256, std::string_view rendition) {
  return fmt::format("{}.{}.webp", key_of(sha256), rendition);
}
std::string original_key_of(std::string_view sha256) { return fmt::format("{}.{}", key_of(sha256), kOriginal); }

}  // namespace ms::files
