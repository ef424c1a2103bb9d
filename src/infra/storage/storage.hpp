#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "infra/core/time.hpp"

// Storage of files: one interface, so that a site can start with a folder and move to S3 later
// (docs/decisions/0035-storage.md). An object is bytes under a key; it exists whole or not at all, and is never
// modified, only replaced or removed. These calls block: run them by CpuPool::run or in a single-threaded program,
// never on an event loop.
namespace ms::storage {

enum class Fault {
  bad_key,
  not_found,
  exists,    ///< and must not be replaced
  no_room,   ///< the disk or the quota is full
  conflict,  ///< another writer has continued this partial object
  busy,      ///< no thread was free before the deadline
  failed,    ///< anything else
};

struct Error {
  Fault fault = Fault::failed;
  std::string what;  ///< for operators
};

/// Not ms::Result, because a failure of a store concerns operators and is no refusal by rules.
template <class T = void>
using Result = std::expected<T, Error>;

/// Whether the text may be a key: UTF-8 of at most 512 bytes; segments of at most 200 bytes between single slashes,
/// none of which is empty or begins with a dot; no control characters and no backslash. So no key leads out of a
/// folder. The site's own keys are simpler: only letters that every store and URL accepts unescaped.
bool is_valid_key(std::string_view key);

/// Whether the text may be the id of a partial object: 1 to 64 letters of ASCII, digits, '-' and '_'.
bool is_valid_partial_id(std::string_view id);

/// Writes one object. When it is destroyed before commit(), nothing remains.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Result<> write(std::string_view bytes) = 0;
  /// Makes the object exist durably: it survives a power loss.
  virtual Result<> commit() = 0;
};

/// How far a partial object has come.
struct Progress {
  std::uint64_t offset = 0;  ///< its first bytes, which survive a power loss
  std::string handle;        ///< what continues it
};

/// Appends to a partial object. When it is destroyed, what was written since the last sync() may remain.
class PartialWriter {
 public:
  virtual ~PartialWriter() = default;
  /// Fault::conflict when another writer has continued the object or completed it: nothing was written then. A store
  /// that cannot tell takes the bytes, and no later handle refers to them.
  virtual Result<> write(std::string_view bytes) = 0;
  /// Makes durable what was written, also by a write() that failed halfway.
  virtual Result<Progress> sync() = 0;
};

/// A partial object as the store knows it.
struct Partial {
  std::string id;
  std::string handle;
  Timestamp changed;  ///< of its last write, or its beginning
};

enum class IfExists { replace, refuse };

struct Object {
  std::string key;
  std::uint64_t size = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  /// Begins an object.
  virtual Result<std::unique_ptr<Writer>> put(std::string_view key, IfExists if_exists) = 0;
  /// Passes the bytes from `offset` on, at most `size`, to `take` in chunks, until `take` returns false.
  virtual Result<> get(std::string_view key, std::uint64_t offset, std::uint64_t size,
                       const std::function<bool(std::string_view)>& take) = 0;
  virtual Result<std::uint64_t> size(std::string_view key) = 0;
  virtual Result<bool> exists(std::string_view key) = 0;
  /// Does nothing when the object does not exist.
  virtual Result<> remove(std::string_view key) = 0;
  /// Objects whose keys begin with `prefix`, in byte order of the keys, from the first one after `after` on; at most
  /// `limit`.
  virtual Result<std::vector<Object>> list(std::string_view prefix, std::string_view after, std::size_t limit) = 0;

  // A partial object is received in several sessions, by one server after the other, and becomes an object at the end.
  // The caller keeps the handle and the offset of the last sync() in its database. There it first says which session
  // is the current one and then continues: so no session continues at an outdated offset, and an earlier session can
  // neither write any more nor say how far it has come.

  /// Begins a partial object, with an id that never was one. Returns its handle.
  virtual Result<std::string> begin_partial(std::string_view id) = 0;
  /// Continues it at `offset`, which sync() returned, or 0; later bytes are dropped. Earlier writers of the object get
  /// Fault::conflict from now on, if the store can tell. Fault::not_found when it has fewer bytes.
  virtual Result<std::unique_ptr<PartialWriter>> continue_partial(std::string_view id, std::string_view handle,
                                                                  std::uint64_t offset) = 0;
  /// How many bytes it has; of these, only those up to the last sync() are certain.
  virtual Result<std::uint64_t> partial_size(std::string_view id, std::string_view handle) = 0;
  /// Makes it the object `key` durably, with all bytes that it has. If that exists, it stays as it is and the partial
  /// object is removed: keys are named by their content. Succeeds again when it is repeated.
  virtual Result<> complete_partial(std::string_view id, std::string_view handle, std::string_view key) = 0;
  /// Removes it. Does nothing when it does not exist.
  virtual Result<> abandon_partial(std::string_view id, std::string_view handle) = 0;
  /// Partial objects in the store's order of their ids, from the first one after `after` on; at most `limit`.
  virtual Result<std::vector<Partial>> partials(std::string_view after, std::size_t limit) = 0;

  /// Where Nginx finds the object, for X-Accel-Redirect.
  virtual std::string download_path(std::string_view key) const = 0;
};

}  // namespace ms::storage
