// Bytes of uploads on their way into the store: interrupted, continued elsewhere, completed after a crash.
#include "features/files/uploads.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "features/testing/site_fixture.hpp"
#include "infra/storage/local_folder.hpp"

namespace ms::files {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr DraftKey kDraft{DraftKey::Form::write, 1};

/// A body in chunks, which ends or fails after them.
class Body final : public http::BodyReader {
 public:
  explicit Body(std::string bytes, std::optional<http::BodyError> failure = std::nullopt, bool announced = true)
      : bytes_(std::move(bytes)), failure_(failure), announced_(announced) {}
  async<std::expected<std::string_view, http::BodyError>> read() override {
    constexpr std::size_t kChunk = 40'000;
    const auto next = std::string_view(bytes_).substr(taken_, kChunk);
    taken_ += next.size();
    if (next.empty() && failure_) co_return std::unexpected(*failure_);
    co_return next;
  }
  std::optional<std::uint64_t> length() const override {
    return announced_ ? std::optional<std::uint64_t>(bytes_.size()) : std::nullopt;
  }
  std::chrono::nanoseconds waited() const noexcept override { return 0ns; }

 private:
  std::string bytes_;
  std::optional<http::BodyError> failure_;
  bool announced_;
  std::size_t taken_ = 0;
};

std::string some_bytes(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251);
  return out;
}

class UploadsTest : public SiteFixture {
 protected:
  UploadsTest() {
    std::string path = (fs::temp_directory_path() / "ms_uploads_XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no folder");
    folder = path;
    store.emplace(folder);
    async_store.emplace(*store, pool);
    uploads.emplace(files, *async_store);
  }
  ~UploadsTest() override { fs::remove_all(folder); }

  Upload create(std::int64_t size) { return run(uploads->create(own_call, kWriter, {kDraft, "a.bin", size})).value(); }
  Result<Uploads::Reception> receive(AttachmentId id, std::int64_t offset, Body body) {
    return run(uploads->receive(own_call, kWriter, id, offset, body));
  }
  std::string stored(const std::string& bytes) {
    Sha256 hash;
    hash.update(bytes);
    std::string out;
    const auto done = store->get(key_of(hash.hex()), 0, UINT64_MAX, [&](std::string_view part) {
      out += part;
      return true;
    });
    return done ? out : done.error().what;
  }
  std::size_t unfinished() { return store->partials("", 100).value().size(); }

  boards::Boards boards{db, [] { return true; }, writer};
  Files files{
      db, boards, writer, {.file_bytes = 100'000'000, .member_bytes = 200'000'000, .site_bytes = 1'000'000'000}};
  CpuPool pool{2, 16};
  fs::path folder;
  std::optional<storage::LocalFolder> store;
  std::optional<storage::AsyncStore> async_store;
  std::optional<Uploads> uploads;
  Call own_call{std::chrono::steady_clock::now() + 10s, "test"};
};

TEST_F(UploadsTest, BytesBecomeAFile) {
  const std::string bytes = some_bytes(300'001);
  const Upload upload = create(300'001);
  const auto done = receive(upload.id, 0, Body(bytes)).value();
  EXPECT_TRUE(done.upload.complete);
  EXPECT_EQ(stored(bytes), bytes);
  EXPECT_EQ(unfinished(), 0u);
  EXPECT_TRUE(run(files.find_upload(call, kWriter, upload.id)).value().complete);
  EXPECT_TRUE(create(0).complete) << "an empty file needs no bytes";
}

TEST_F(UploadsTest, WhatCameBeforeAFailureIsKept) {
  const std::string bytes = some_bytes(500'000);
  const Upload upload = create(500'000);
  std::int64_t offset = 0;
  for (const std::size_t size : {1UZ, 63UZ, 64UZ, 199'999UZ, 70'000UZ}) {
    const auto part = receive(upload.id, offset,
                              Body(bytes.substr(static_cast<std::size_t>(offset), size), http::BodyError::gone, false));
    ASSERT_TRUE(part);
    EXPECT_EQ(part->failure, http::BodyError::gone);
    offset += static_cast<std::int64_t>(size);
    EXPECT_EQ(part->upload.received, offset);
  }
  Uploads elsewhere(files, *async_store);
  Body rest(bytes.substr(static_cast<std::size_t>(offset)));
  EXPECT_TRUE(run(elsewhere.receive(own_call, kWriter, upload.id, offset, rest)).value().upload.complete);
  EXPECT_EQ(stored(bytes), bytes) << "without reading any of it again";
}

TEST_F(UploadsTest, OtherOffsetsAndLongerBodiesAreRefused) {
  const Upload upload = create(100);
  EXPECT_EQ(refused(receive(upload.id, 1, Body("x"))), "files.other_offset");
  EXPECT_EQ(refused(receive(upload.id, 0, Body(std::string(101, 'x')))), "files.longer");
  EXPECT_EQ(refused(receive(upload.id, 0, Body(std::string(101, 'x'), std::nullopt, false))), "files.longer");
  EXPECT_EQ(run(uploads->find(own_call, kWriter, upload.id)).value().received, 0);
  EXPECT_TRUE(receive(upload.id, 0, Body(std::string(100, 'x'))).value().upload.complete);
  EXPECT_TRUE(receive(upload.id, 100, Body("")).value().upload.complete) << "once more, at its end";
  EXPECT_EQ(refused(receive(upload.id, 100, Body("x"))), "files.longer");
}

TEST_F(UploadsTest, ACrashBeforeTheEndIsMadeGoodByTheNextRequest) {
  const std::string bytes = some_bytes(1000);
  const Upload upload = create(1000);
  ASSERT_TRUE(receive(upload.id, 0, Body(bytes)));
  // As if the process had ended after the last bytes were saved.
  Sha256 hash;
  hash.update(bytes);
  ask("update attachments set file_id = null, upload_hash = '" + hash.state() +
      "' where id = " + std::to_string(upload.id.value));
  EXPECT_TRUE(run(uploads->find(own_call, kWriter, upload.id)).value().complete);
  EXPECT_EQ(stored(bytes), bytes);
}

TEST_F(UploadsTest, ARemovedUploadLeavesNothing) {
  const Upload upload = create(1000);
  ASSERT_TRUE(receive(upload.id, 0, Body(some_bytes(500))));
  EXPECT_EQ(unfinished(), 1u);
  EXPECT_TRUE(run(uploads->remove(own_call, kWriter, upload.id)));
  EXPECT_EQ(unfinished(), 0u);
  EXPECT_EQ(refused(receive(upload.id, 500, Body("x"))), "files.gone");
  EXPECT_FALSE(run(uploads->create(own_call, kGuest, {kDraft, "a", 1})));
  EXPECT_EQ(unfinished(), 0u) << "what is refused does not stay in the store";
}

TEST_F(UploadsTest, AFailingStoreIsSaidSo) {
  const Upload upload = create(200'000);
  fs::remove_all(folder / ".partial");
  EXPECT_EQ(refused(receive(upload.id, 0, Body(some_bytes(200'000)))), "files.gone");
  fs::remove_all(folder);
  EXPECT_EQ(refused(run(uploads->create(own_call, kWriter, {kDraft, "a", 1}))), "files.storage_down");
}

}  // namespace
}  // namespace ms::files
