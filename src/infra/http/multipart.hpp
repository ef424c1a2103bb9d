#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

// An incremental parser of multipart/form-data (RFC 7578, whose framing is RFC 2046 section 5.1): it takes bytes as
// they arrive and passes the parts to a sink. No I/O, and no more memory than one chunk, one part's headers and one
// delimiter.
namespace ms::http {

struct MultipartLimits {
  std::size_t parts = 200;
  std::size_t head_bytes = 4096;  ///< of one part's headers
  std::uint64_t part_bytes = UINT64_MAX;
  std::uint64_t body_bytes = UINT64_MAX;  ///< of the whole body
};

/// Why a body is rejected.
enum class MultipartError {
  malformed,  ///< not multipart/form-data, or incomplete
  too_many_parts,
  head_too_large,
  part_too_large,
  body_too_large,
  refused_by_sink,
};

/// The headers of one part.
struct PartHead {
  std::string name;
  /// Of a file: the last segment of the sent name (a browser may send a path), UTF-8 in NFC without control characters;
  /// empty when no file was chosen. Never use it as a path. nullopt: the part is a field.
  std::optional<std::string> filename;
  std::string content_type;  ///< as sent; empty when there is none
};

/// Receives the parts of one body in order.
class MultipartSink {
 public:
  virtual ~MultipartSink() = default;
  /// A part begins. False rejects the body.
  virtual bool begin_part(const PartHead& head) = 0;
  /// The next bytes of the part; called any number of times. False rejects the body.
  virtual bool part_data(std::string_view bytes) = 0;
  /// The part is complete. False rejects the body.
  virtual bool end_part() = 0;
};

/// The parameter "boundary" of a Content-Type; nullopt when that is not multipart/form-data or has no valid one.
std::optional<std::string> multipart_boundary(std::string_view content_type);

/// Parses one body. Do not use it after an error.
class MultipartParser {
 public:
  /// `boundary` as multipart_boundary() returns it; the sink must outlive the parser.
  MultipartParser(std::string_view boundary, MultipartLimits limits, MultipartSink& sink);

  /// Takes the next bytes of the body, in chunks of any size.
  std::expected<void, MultipartError> push(std::string_view bytes);
  /// Call at the end of the body, which is malformed when it lacks the last delimiter.
  std::expected<void, MultipartError> finish() const;

 private:
  enum class State { preamble, body, delimiter_end, head, epilogue };
  using Step = std::expected<bool, MultipartError>;  ///< false: more bytes are needed

  Step step();
  Step read_body();
  Step read_delimiter_end();
  Step read_head();
  std::expected<void, MultipartError> emit(std::size_t size);

  const std::string delimiter_;  ///< with the line break before it
  const MultipartLimits limits_;
  MultipartSink& sink_;
  State state_ = State::preamble;
  std::string_view rest() const noexcept { return std::string_view(pending_).substr(taken_); }

  std::string pending_;
  std::size_t taken_ = 0;     ///< bytes of pending_ that are parsed
  std::size_t searched_ = 0;  ///< bytes of rest() that contain no beginning of the end of a head
  std::size_t parts_ = 0;
  std::uint64_t part_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
};

}  // namespace ms::http
