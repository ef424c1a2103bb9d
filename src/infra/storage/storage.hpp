#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Where files are kept: one interface, so that a site may begin with a folder and go on with S3
// (docs/decisions/0035-storage.md). An object is bytes under a key; it is there whole or not at all, and is never
// changed, only replaced or removed. These calls block: never on an event loop, but by CpuPool::run or in a program of
// one thread.
namespace ms::storage {

enum class Fault {
  bad_key,
  not_found,
  exists,   ///< and is not to be replaced
  no_room,  ///< the disk or the quota is full
  failed,   ///< anything else
};

struct Error {
  Fault fault = Fault::failed;
  std::string what;  ///< for operators
};

/// What fails in a store is an operator's matter and no refusal by rules: so not ms::Result.
template <class T = void>
using Result = std::expected<T, Error>;

/// Whether the text may be a key: UTF-8 of at most 512 bytes; segments of at most 200 bytes between single slashes,
/// none of which is empty or begins with a dot; no control characters and no backslash. So no key leads out of a
/// folder. Keys that a site makes are plainer still: letters that every store and URL takes as they are.
bool is_valid_key(std::string_view key);

/// One object that is being written. Destroyed before commit(), it leaves nothing.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Result<> write(std::string_view bytes) = 0;
  /// From now on the object is there, after a loss of power too.
  virtual Result<> commit() = 0;
};

enum class IfThere { replace, refuse };

struct Object {
  std::string key;
  std::uint64_t size = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  /// Begins an object.
  virtual Result<std::unique_ptr<Writer>> put(std::string_view key, IfThere there) = 0;
  /// Gives `take` the bytes from `offset` on, at most `size`, in chunks, until it gives false.
  virtual Result<> get(std::string_view key, std::uint64_t offset, std::uint64_t size,
                       const std::function<bool(std::string_view)>& take) = 0;
  virtual Result<std::uint64_t> size(std::string_view key) = 0;
  virtual Result<bool> exists(std::string_view key) = 0;
  /// Does nothing when there is none.
  virtual Result<> remove(std::string_view key) = 0;
  /// Objects whose keys begin with `prefix`, in the order of the keys' bytes, from the first after `after` on; at most
  /// `limit`.
  virtual Result<std::vector<Object>> list(std::string_view prefix, std::string_view after, std::size_t limit) = 0;
};

}  // namespace ms::storage
