#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "infra/core/id.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"

// A write happens once. Every write records its key in its own transaction (table idempotency_keys). A repetition of
// the request - by Nginx to the next server, by a second click, by an API client - either finds the recorded key and
// gets the previous result, or nothing was written yet and the write runs now. infra/write does this for features. The
// pipeline looks for a previous result only after an error response or an unknown outcome: a successful write costs no
// further round trip.
// Rejected: looking the key up before each write (a round trip for all because of a few).
namespace ms::idempotency {

/// The previous result, when this request is a repetition: the id that the first one created, 0 for none.
std::optional<std::int64_t> previous_result(const Call& call);

/// Records in the transaction the call's key and `result`, a reference for ms_local_id() to the id that the transaction
/// creates ("0": none). Fails the transaction (403) when the writer is suspended.
void record(pg::Statements& transaction, const Call& call, MemberId member, std::string_view result);

/// The record of a key.
struct KeyRecord {
  std::int64_t result = 0;
  bool same_request = true;  ///< false: the key was recorded with another method, path or body
};
/// nullopt: no record, or another member's. Throws pg::Unavailable.
async<std::optional<KeyRecord>> find(pg::Db& db, const Call& call, const IdempotencyKey& key, MemberId member);

/// Deletes keys older than a day, at most a few thousand at a time; any server may run it at any time. False when none
/// is left.
async<bool> delete_expired(pg::Db& db, const Call& call);

}  // namespace ms::idempotency
