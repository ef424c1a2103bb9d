#pragma once
#include <chrono>
#include <string>

#include "infra/jobs/jobs.hpp"
#include "infra/pg/db.hpp"

namespace ms::storage {
class AsyncStore;
}

namespace ms::files {

/// The periodic job "clean_files", one slice of it: removes attachments of abandoned drafts, of posts that were
/// deleted, and those that were taken from posts, each after `keep`; then the bytes that no attachment refers to, and
/// what an upload that was never registered left in the store. A restored post has its files as long as `keep` has not
/// passed. `after`: the payload of the previous slice.
async<jobs::Outcome> clean_up(pg::Db& db, const Call& call, storage::AsyncStore& store, std::chrono::days keep,
                              std::string after);

}  // namespace ms::files
