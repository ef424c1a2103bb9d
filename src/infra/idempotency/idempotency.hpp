#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "infra/core/id.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"

// A write happens once. Every write records its key in the transaction that does it (table idempotency_keys). Whoever
// sends the same request again - Nginx to the next server, a second click, an API client - either meets the recorded
// key and gets the first result, or nothing happened yet and the write is done now. infra/write does that for features.
// The pipeline finds out whether there is an earlier result only when an answer is a refusal or the database's answer
// was lost: a write that goes well costs no further round trip.
// Rejected: looking the key up before each write (a round trip for all because of a few).
namespace ms::idempotency {

/// The result of the first time, when this request is a repetition: the id it made, 0 for none.
std::optional<std::int64_t> previous_result(const Call& call);

/// Records that the transaction did what the call asked, and `result`, a reference for ms_local_id() to the id that it
/// made ("0": none). Refuses the transaction (403) when the writer is suspended by now.
void record(pg::Statements& transaction, const Call& call, MemberId member, std::string_view result);

/// What a key has done before.
struct Found {
  std::int64_t result = 0;
  bool same_request = true;  ///< false: the key came with another method, path or body then
};
/// nullopt: nothing yet, or by somebody else. Throws pg::Unavailable.
async<std::optional<Found>> find(pg::Db& db, const Call& call, const IdempotencyKey& key, MemberId member);

/// Forgets keys older than a day, at most a few thousand at a time; any server may, at any time. False when none is
/// left.
async<bool> delete_expired(pg::Db& db, const Call& call);

}  // namespace ms::idempotency
