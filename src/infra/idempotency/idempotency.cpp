#include "infra/idempotency/idempotency.hpp"

namespace ms::idempotency {
namespace {

// The last check of a write: the member may have been suspended since the request was admitted.
constexpr pg::Query kGuardWriter{"idempotency.guard_writer", R"(
  select ms_guard(coalesce((select coalesce(suspended_until <= now(), true) from users where id = $1), true), 403,
                  'login.suspended')::text)"};
constexpr pg::Query kRecord{"idempotency.record", R"(
  insert into idempotency_keys (key, user_id, fingerprint, result)
  select $1, nullif($2::bigint, 0), $3, ms_local_id($4)
   where ms_guard(coalesce((select coalesce(suspended_until <= now(), true) from users where id = $2), true), 403,
                  'login.suspended')::text is not null)"};
constexpr pg::Query kFind{"idempotency.find", R"(
  select result, fingerprint = $3 from idempotency_keys
   where key = $1 and coalesce(user_id, 0) = $2)"};
constexpr pg::Query kDeleteExpired{"idempotency.delete_expired", R"(
  delete from idempotency_keys where key in (
    select key from idempotency_keys where created_at < now() - interval '1 day' order by created_at limit 5000
       for update skip locked))"};

}  // namespace

std::optional<std::int64_t> previous_result(const Call& call) {
  if (call.idempotency_key() == nullptr) return std::nullopt;
  return call.idempotency_key()->previous_result;
}

void record(pg::Statements& transaction, const Call& call, MemberId member, std::string_view result) {
  if (const IdempotencyKey* key = call.idempotency_key()) {
    transaction.add(kRecord, key->key, member, pg::Bytes{key->fingerprint}, result);
  } else if (member) {
    transaction.add(kGuardWriter, member);
  }
}

async<std::optional<KeyRecord>> find(pg::Db& db, const Call& call, const IdempotencyKey& key, MemberId member) {
  pg::Batch batch = db.batch(call);
  const auto handle = batch.add<KeyRecord>(kFind, key.key, member, pg::Bytes{key.fingerprint});
  co_await batch.send();
  co_return handle.one();
}

async<bool> delete_expired(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto handle = batch.add(kDeleteExpired);
  co_await batch.send();
  co_return handle.affected() > 0;
}

}  // namespace ms::idempotency
