// A transaction of the program's own, not a member's write: a login renews the stored hash of the password.
#include "features/members/members.hpp"
#include "features/members/store.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::members {

async<std::string> Members::rehash(const Call& call, MemberId id, std::string password, std::string before) {
  const auto after = co_await passwords_.hash_new(call, password);
  if (!after) co_return before;  // the queue is full: the next login tries again
  pg::Transaction transaction = db_.transaction(call);
  const auto replaced = store::replace_hash(transaction, id, before, *after);
  const auto done = co_await transaction.commit();
  co_return done&& replaced.one().value() ? *after : before;
}

}  // namespace ms::members
