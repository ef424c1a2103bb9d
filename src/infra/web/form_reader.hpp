#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "infra/http/body_reader.hpp"
#include "infra/http/form.hpp"
#include "infra/web/file_receiver.hpp"

namespace ms::web {

/// What a form with files may contain; http::Limits says it for others.
struct FormLimits {
  std::size_t field_bytes = 1024 * 1024;            ///< of all fields together
  std::uint64_t body_bytes = 512ULL * 1024 * 1024;  ///< with the files
  std::chrono::milliseconds call_time{1800};        ///< for each call of the receiver
};

/// Reads a multipart form whose files go to a FileReceiver while they arrive. Memory: a slice of the body, and the
/// fields.
class FormReader {
 public:
  enum class Outcome { complete, malformed, too_large, files_refused, client_failed, stopping };

  /// Without a receiver a file is refused together with the whole form.
  FormReader(Context& ctx, std::unique_ptr<FileReceiver> receiver, FormLimits limits);
  ~FormReader();
  /// Reads the whole body and gives the form to the Context.
  async<Outcome> read(http::BodyReader& body, std::string_view boundary);

 private:
  class Parts;
  struct Event;

  async<Outcome> read_parts(http::BodyReader& body, std::string_view boundary);
  /// Hands what the parser found to the receiver and the form.
  async<bool> take(Event& event);
  async<void> begin(http::PartHead head);
  async<void> write(std::string_view bytes);
  async<bool> end();
  async<void> abandon();
  void reject(const Error& error);

  Context& ctx_;
  const std::unique_ptr<FileReceiver> receiver_;
  const FormLimits limits_;
  http::Form form_;
  http::Form fingerprint_;  ///< the same with digests in place of values
  http::PartHead file_;     ///< the file that arrives
  bool receiving_ = false;  ///< the receiver takes it
};

}  // namespace ms::web
