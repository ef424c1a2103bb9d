#pragma once
#include <cstdint>
#include <string>

#include "infra/core/id.hpp"
#include "infra/pg/codec.hpp"

// Ids that one statement of a transaction creates and later ones use, without a round trip between them. The statement
// stores them in a variable of the transaction (ms_set_local_id), and later ones read it (ms_local_id, ms_local_ids).
// Only Write::insert and Write::change create such a reference, so no statement can use an id before it exists; a
// reference of another transaction fails the statement.
namespace ms::write {

/// A text parameter for ms_local_id(): an existing id, or one that this transaction creates.
template <class Id>
class LocalId {
 public:
  LocalId(Id id) : text_(std::to_string(id.value)) {}
  const std::string& text() const noexcept { return text_; }

 private:
  friend class Write;
  explicit LocalId(std::string variable) : text_(std::move(variable)) {}
  std::string text_;
};

/// A text parameter for ms_local_ids(): the ids of the rows that this transaction changes.
template <class Id>
class LocalIds {
 public:
  const std::string& text() const noexcept { return text_; }

 private:
  friend class Write;
  explicit LocalIds(std::string variable) : text_(std::move(variable)) {}
  std::string text_;
};

template <class Id>
pg::Param encode(const LocalId<Id>& id) {
  return id.text();
}
template <class Id>
pg::Param encode(const LocalIds<Id>& ids) {
  return ids.text();
}

}  // namespace ms::write
