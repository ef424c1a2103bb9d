#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "features/files/files.hpp"
#include "features/files/sha256.hpp"
#include "infra/storage/async_store.hpp"

namespace ms::files {

/// What a store's failure means to whoever uploads; logs what operators should know.
Error refusal_of(const storage::Error& error);

/// Appends to the unfinished object of an upload and hashes it, on the store's threads. Memory: at most twice the 64 KB
/// that are written at a time. After a failure nothing more is written.
class ContentWriter {
 public:
  /// What is durable: where a later request continues.
  struct Progress {
    std::int64_t received = 0;
    std::string handle;
    std::string hash;  ///< Sha256::state()
  };

  /// Continues behind `upload.received`. Unexpected: not_found when the store has fewer bytes.
  static async<Result<std::unique_ptr<ContentWriter>>> open(storage::AsyncStore& store, const Upload& upload);

  async<Result<void>> write(std::string_view bytes);
  /// Unexpected: conflict, when another request continues the upload.
  async<Result<Progress>> sync();
  /// How many bytes were given to write(), with those before.
  std::int64_t size() const noexcept { return size_; }
  /// The hash of what the last sync() made durable, in hexadecimal digits.
  std::string sha256() const { return state_->hash.hex(); }

 private:
  /// Owned by a call that runs on when its caller has given up.
  struct State {
    std::unique_ptr<storage::PartialWriter> writer;
    Sha256 hash;
    std::string bytes;  ///< that are written next
  };

  ContentWriter(storage::AsyncStore& store, std::int64_t size) : store_(store), size_(size) {}
  async<Result<void>> flush();
  Unexpected fail_with(const storage::Error& error);

  storage::AsyncStore& store_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::int64_t size_;
  std::optional<Error> failure_;
};

}  // namespace ms::files
