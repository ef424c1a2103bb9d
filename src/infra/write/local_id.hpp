#pragma once
#include <cstdint>
#include <string>

#include "infra/core/id.hpp"
#include "infra/pg/codec.hpp"

// Ids that one statement of a transaction makes and later ones need, without a round trip between them. The statement
// keeps them in a variable of the transaction (ms_set_local_id), and the later ones read it (ms_local_id,
// ms_local_ids). Only Write::insert and Write::change give out such a reference, so nothing can ask for an id that was
// not made before it; a reference of another transaction fails the statement.
namespace ms::write {

/// A text parameter for ms_local_id(): an id that is known, or one that this transaction makes.
template <class Id>
class LocalId {
 public:
  LocalId(Id known) : text_(std::to_string(known.value)) {}
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
