#pragma once
#include "infra/pg/db.hpp"

namespace ms::pg {

/// A write: all statements or none; one round trip, one implicit transaction.
class Transaction : public Statements {
 public:
  /// Unexpected when a unique, foreign key or check constraint, or a guard (SQL function ms_guard) said no.
  /// The message key is then "db.<constraint name>" or the guard's key with the guard's code.
  /// Throws Unavailable (see outcome_unknown) or StatementFailed.
  async<Result<void>> commit();

 private:
  friend class Db;
  Transaction(Db& db, const Call& call, Lane lane);
  Db& db_;
  const Call& call_;
  Lane lane_;
};

inline Transaction Db::transaction(const Call& call, Lane lane) { return Transaction(*this, call, lane); }

}  // namespace ms::pg
