#include "infra/once/once.hpp"

namespace ms::once {
namespace {

// currval is of this session, and the statements of a unit stand next to each other in it.
constexpr pg::Query kRecordId{"once.record_id", R"(
  insert into idempotency_keys (key, user_id, fingerprint, result)
  values ($1, nullif($2::bigint, 0), $3, currval($4::regclass)))"};
constexpr pg::Query kRecord{"once.record", R"(
  insert into idempotency_keys (key, user_id, fingerprint, result) values ($1, nullif($2::bigint, 0), $3, 0))"};
// The last question of a unit: the member may have been suspended since the request was let in.
constexpr pg::Query kWriter{"once.writer", R"(
  select ms_guard(coalesce((select coalesce(suspended_until <= now(), true) from users where id = $1), true), 403,
                  'login.suspended')::text)"};
constexpr pg::Query kFind{"once.find", R"(
  select result, fingerprint = $3 from idempotency_keys
   where key = $1 and coalesce(user_id, 0) = $2)"};
constexpr pg::Query kForget{"once.forget_old", R"(
  delete from idempotency_keys where key in (
    select key from idempotency_keys where created_at < now() - interval '1 day' order by created_at limit 5000
       for update skip locked))"};

}  // namespace

std::optional<std::int64_t> earlier(const Call& call) {
  if (call.once() == nullptr) return std::nullopt;
  return call.once()->earlier;
}

void record_id(pg::Statements& unit, const Call& call, UserId who, std::string_view table) {
  if (who) unit.add(kWriter, who);
  if (const Once* once = call.once()) {
    unit.add(kRecordId, once->key, who, pg::Bytes{once->fingerprint}, std::string(table) + "_id_seq");
  }
}

void record(pg::Statements& unit, const Call& call, UserId who) {
  if (who) unit.add(kWriter, who);
  if (const Once* once = call.once()) unit.add(kRecord, once->key, who, pg::Bytes{once->fingerprint});
}

async<std::optional<Found>> find(pg::Db& db, const Call& call, const Once& once, UserId who) {
  pg::Batch batch = db.batch(call);
  const auto slot = batch.add<Found>(kFind, once.key, who, pg::Bytes{once.fingerprint});
  co_await batch.send();
  co_return slot.one();
}

async<bool> forget_old(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto slot = batch.add(kForget);
  co_await batch.send();
  co_return slot.affected() > 0;
}

}  // namespace ms::once
