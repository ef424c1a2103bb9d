#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Storage of files: one interface, so that a site can start with a folder and move to S3 later
// (docs/decisions/0035-storage.md). An object is bytes under a key; it exists whole or not at all, and is never
// modified, only replaced or removed. These calls block: run them by CpuPool::run or in a single-threaded program,
// never on an event loop.
namespace ms::storage {

enum class Fault {
  bad_key,
  not_found,
  exists,   ///< and must not be replaced
  no_room,  ///< the disk or the quota is full
  failed,   ///< anything else
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

/// Writes one object. When it is destroyed before commit(), nothing remains.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Result<> write(std::string_view bytes) = 0;
  /// Makes the object exist durably: it survives a power loss.
  virtual Result<> commit() = 0;
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
};

}  // namespace ms::storage
