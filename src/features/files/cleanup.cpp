#include "features/files/cleanup.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "features/files/files.hpp"
#include "infra/pg/transaction.hpp"
#include "infra/storage/async_store.hpp"

namespace ms::files {
namespace {

namespace json = boost::json;

constexpr int kRows = 20;  // of one slice: removing an object may take some milliseconds
constexpr std::size_t kPartials = 100;
// A form registers its upload at its end only, and a slow client may take long.
constexpr auto kUnregistered = std::chrono::hours(24);

constexpr pg::Query kRemoveAttachments{"files.remove_attachments", R"(
  delete from attachments where id in (
    select id from attachments where deleted_at < now() - make_interval(days => $1)
    union all
    select id from attachments where post_id is null and touched_at < now() - make_interval(days => $1)
    union all
    select a.id from posts p join attachments a on a.post_id = p.id
     where p.attachments > 0 and p.deleted_at < now() - make_interval(days => $1)
    limit $2)
  returning file_id is null, upload_id, upload_handle)"};
// Whoever uploads the same content touches the row before the object exists (Files::register_file), and none comes back
// once the row is being removed.
constexpr pg::Query kTakeUnused{"files.take_unused", R"(
  update files set state = 3 where id in (
    select id from files f
     where (touched_at < now() - interval '1 day' or state = 3)
       and not exists (select from attachments where file_id = f.id)
       and not exists (select from users where avatar_file_id = f.id)
     order by touched_at limit $1 for update)
  returning id, sha256, renditions)"};
constexpr pg::Query kDelete{"files.delete", "delete from files where id = any ($1::bigint[]) and state = 3"};

constexpr pg::Query kRegistered{"files.registered", R"(
  select upload_id from attachments
   where upload_id in (select json_array_elements_text($1::json)) and file_id is null and deleted_at is null)"};

struct RemovedAttachment {
  bool unfinished;
  std::string upload_id;
  std::string handle;
};
struct UnusedFile {
  FileId id;
  std::string sha256;
  std::string renditions;
};

/// Removes the bytes of a file and all that was made of it.
storage::Result<> remove_objects(storage::Store& store, const UnusedFile& file) {
  const auto derived = store.list(key_of(file.sha256) + ".", "", 100);
  if (!derived) return std::unexpected(derived.error());
  for (const storage::Object& object : *derived) {
    if (auto done = store.remove(object.key); !done) return done;
  }
  return store.remove(key_of(file.sha256));
}

async<std::size_t> remove_attachments(pg::Db& db, const Call& call, storage::AsyncStore& store, int days) {
  pg::Transaction transaction = db.transaction(call, pg::Lane::slow);
  const auto handle = transaction.add<RemovedAttachment>(kRemoveAttachments, days, kRows);
  const auto done = co_await transaction.commit();
  if (!done) co_return 0;
  const std::vector<RemovedAttachment> removed = handle.all();
  for (const RemovedAttachment& one : removed) {
    if (!one.unfinished) continue;
    const auto abandoned = co_await store.run(
        call.deadline(), [one](storage::Store& with) { return with.abandon_partial(one.upload_id, one.handle); });
    if (!abandoned) spdlog::warn("an abandoned upload stays in the storage: {}", abandoned.error().what);
  }
  co_return removed.size();
}

async<std::size_t> remove_files(pg::Db& db, const Call& call, storage::AsyncStore& store) {
  pg::Transaction taking = db.transaction(call, pg::Lane::slow);
  const auto handle = taking.add<UnusedFile>(kTakeUnused, kRows);
  if (const auto done = co_await taking.commit(); !done) co_return 0;
  const std::vector<UnusedFile> unused = handle.all();
  std::vector<FileId> removed;
  for (const UnusedFile& file : unused) {
    const auto gone =
        co_await store.run(call.deadline(), [file](storage::Store& with) { return remove_objects(with, file); });
    if (!gone) throw std::runtime_error("an unused file cannot be removed: " + gone.error().what);
    removed.push_back(file.id);
  }
  if (removed.empty()) co_return 0;
  pg::Transaction deleting = db.transaction(call, pg::Lane::slow);
  deleting.add(kDelete, removed);
  if (const auto done = co_await deleting.commit(); !done) co_return 0;
  co_return removed.size();
}

/// Partial objects whose upload was never registered: the program ended between the two, or a form was cut. Returns the
/// last id that was looked at; empty after the last one.
async<std::string> remove_partials(pg::Db& db, const Call& call, storage::AsyncStore& store, std::string after) {
  const auto listed =
      co_await store.run(call.deadline(), [after](storage::Store& with) { return with.partials(after, kPartials); });
  if (!listed) throw std::runtime_error("unfinished uploads cannot be listed: " + listed.error().what);
  json::array ids;
  for (const storage::Partial& one : *listed) ids.emplace_back(one.id);
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto handle = batch.add<std::string>(kRegistered, json::serialize(ids));
  co_await batch.send();
  const std::vector<std::string> registered = handle.all();
  for (const storage::Partial& one : *listed) {
    const bool is_registered = std::ranges::find(registered, one.id) != registered.end();
    if (is_registered || one.changed > now() - kUnregistered) continue;
    const auto gone = co_await store.run(
        call.deadline(), [one](storage::Store& with) { return with.abandon_partial(one.id, one.handle); });
    if (!gone) spdlog::warn("an unfinished upload stays in the storage: {}", gone.error().what);
  }
  co_return listed->size() == kPartials ? listed->back().id : std::string();
}

}  // namespace

async<jobs::Outcome> clean_up(pg::Db& db, const Call& call, storage::AsyncStore& store, std::chrono::days keep,
                              std::string after) {
  const auto attachments = co_await remove_attachments(db, call, store, static_cast<int>(keep.count()));
  const auto files = co_await remove_files(db, call, store);
  const std::string next = co_await remove_partials(db, call, store, std::move(after));
  co_return jobs::Outcome{.done = attachments < kRows && files < kRows && next.empty(), .payload = next};
}

}  // namespace ms::files
