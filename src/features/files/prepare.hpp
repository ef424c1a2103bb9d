#pragma once
#include <string>

#include "features/files/files.hpp"
#include "infra/jobs/jobs.hpp"

namespace ms::files {

/// The job "prepare_file": has the file decoded by the program `decoder` (infra/decoding), stores what was made of it,
/// and writes down what it is. A file that cannot be decoded is State::unprepared. Throws when the storage or the
/// decoder is not there.
async<jobs::Outcome> prepare(pg::Db& db, const Call& call, storage::AsyncStore& store, std::string decoder, FileId id);

}  // namespace ms::files
