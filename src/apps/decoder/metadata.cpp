#include "apps/decoder/metadata.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ms::decoder {
namespace {

using Bytes = std::string_view;
using Cleaned = std::optional<std::string>;

std::uint8_t byte_at(Bytes bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::size_t big(Bytes bytes, std::size_t at, std::size_t size) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out = out << 8 | byte_at(bytes, at + i);
  return out;
}

std::size_t little(Bytes bytes, std::size_t at, std::size_t size) {
  std::size_t out = 0;
  for (std::size_t i = size; i-- > 0;) out = out << 8 | byte_at(bytes, at + i);
  return out;
}

/// An EXIF segment of JPEG with the orientation and nothing else.
std::string orientation_segment(int orientation) {
  constexpr Bytes kBegin(
      "\xFF\xE1\x00\x22"
      "Exif\0\0"
      "MM\0*\0\0\0\x08"
      "\0\x01"
      "\x01\x12\0\x03\0\0\0\x01\0",
      29);
  constexpr Bytes kEnd("\0\0\0\0\0\0", 6);
  return std::string(kBegin) + static_cast<char>(orientation) + std::string(kEnd);
}

constexpr std::uint8_t kJpegEnd = 0xD9, kJpegScan = 0xDA;

/// Markers without a length: TEM, and restarts.
bool is_bare(std::uint8_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7); }

/// JFIF, the colour profile, and Adobe's kind of colours are needed to show the picture.
bool belongs_to_jpeg(std::uint8_t marker, Bytes segment) {
  constexpr std::uint8_t kApp0 = 0xE0, kApp2 = 0xE2, kApp14 = 0xEE, kApp15 = 0xEF, kComment = 0xFE;
  if (marker == kApp0) return segment.starts_with(Bytes("JFIF\0", 5));
  if (marker == kApp2) return segment.starts_with(Bytes("ICC_PROFILE\0", 12));
  if (marker == kApp14) return segment.starts_with("Adobe");
  return marker != kComment && (marker < kApp0 || marker > kApp15);
}

/// The end of the compressed data that begins at `at`: the next marker that is no part of it.
std::size_t scan_end(Bytes bytes, std::size_t at) {
  for (;; at += 2) {
    at = bytes.find('\xFF', at);
    if (at == Bytes::npos || at + 1 >= bytes.size()) return bytes.size();
    const std::uint8_t next = byte_at(bytes, at + 1);
    if (next != 0 && !is_bare(next)) return at;
  }
}

struct Chunk {
  Bytes name;
  Bytes whole;  ///< with its name, length, padding and checksum
};

bool is_in(Bytes name, std::initializer_list<Bytes> names) { return std::ranges::find(names, name) != names.end(); }

}  // namespace

Cleaned clean_jpeg(Bytes bytes, int orientation) {
  constexpr Bytes kBegin = "\xFF\xD8";
  if (!bytes.starts_with(kBegin)) return std::nullopt;
  std::string out(kBegin);
  if (orientation > 1 && orientation <= 8) out += orientation_segment(orientation);
  for (std::size_t at = kBegin.size(); at + 1 < bytes.size();) {
    if (byte_at(bytes, at) != 0xFF) return std::nullopt;
    const std::uint8_t marker = byte_at(bytes, at + 1);
    if (marker == 0xFF) {  // filling
      ++at;
      continue;
    }
    if (marker == kJpegEnd) return out.append("\xFF\xD9");
    std::size_t end = at + 2;
    if (!is_bare(marker)) {
      if (at + 4 > bytes.size()) return std::nullopt;
      end += big(bytes, at + 2, 2);
      if (end < at + 4 || end > bytes.size()) return std::nullopt;
      if (!belongs_to_jpeg(marker, bytes.substr(at + 4, end - at - 4))) {
        at = end;
        continue;
      }
    }
    if (marker == kJpegScan) end = scan_end(bytes, end);
    out += bytes.substr(at, end - at);
    at = end;
  }
  return std::nullopt;
}

Cleaned clean_png(Bytes bytes) {
  constexpr Bytes kBegin = "\x89PNG\r\n\x1A\n";
  constexpr std::size_t kAround = 12;  // length, name, checksum
  if (!bytes.starts_with(kBegin)) return std::nullopt;
  std::string out(kBegin);
  bytes.remove_prefix(kBegin.size());
  while (bytes.size() >= kAround) {
    const std::size_t size = big(bytes, 0, 4);
    if (size > bytes.size() - kAround) return std::nullopt;
    const Chunk chunk{bytes.substr(4, 4), bytes.substr(0, size + kAround)};
    if (is_in(chunk.name, {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD",
                           "pHYs", "acTL", "fcTL", "fdAT"})) {
      out += chunk.whole;
    }
    if (chunk.name == "IEND") return out;
    bytes.remove_prefix(chunk.whole.size());
  }
  return std::nullopt;
}

Cleaned clean_webp(Bytes bytes) {
  constexpr std::size_t kHead = 12, kChunkHead = 8, kFlagsAt = 20;
  constexpr std::uint8_t kExifAndXmp = 0x08 | 0x04;
  if (bytes.size() < kHead || !bytes.starts_with("RIFF") || bytes.substr(8, 4) != "WEBP") return std::nullopt;
  const std::size_t whole = little(bytes, 4, 4) + kChunkHead;
  if (whole < kHead || whole > bytes.size()) return std::nullopt;
  std::string out(bytes.substr(0, kHead));
  for (bytes = bytes.substr(kHead, whole - kHead); bytes.size() >= kChunkHead;) {
    const std::size_t size = little(bytes, 4, 4);
    if (size > bytes.size() - kChunkHead) return std::nullopt;
    const Chunk chunk{bytes.substr(0, 4), bytes.substr(0, kChunkHead + size + size % 2)};
    if (is_in(chunk.name, {"VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"})) out += chunk.whole;
    bytes.remove_prefix(chunk.whole.size());
  }
  if (out.size() > kFlagsAt && out.compare(kHead, 4, "VP8X") == 0) {
    out[kFlagsAt] = static_cast<char>(static_cast<std::uint8_t>(out[kFlagsAt]) & ~kExifAndXmp);
  }
  const std::size_t size = out.size() - kChunkHead;
  for (std::size_t i = 0; i < 4; ++i) out[4 + i] = static_cast<char>(size >> (8 * i));
  return out;
}

namespace {

/// The end of GIF's sub-blocks that begin at `at`; nothing when they do not end.
std::optional<std::size_t> blocks_end(Bytes bytes, std::size_t at) {
  while (at < bytes.size()) {
    const std::size_t size = byte_at(bytes, at);
    at += size + 1;
    if (size == 0) return at;
  }
  return std::nullopt;
}

std::size_t color_table_size(std::uint8_t flags) {
  return (flags & 0x80) != 0 ? std::size_t{3} << ((flags & 7) + 1) : 0;
}

/// Where the block that begins at `at` ends; nothing for nonsense.
std::optional<std::size_t> gif_block_end(Bytes bytes, std::size_t at) {
  constexpr char kExtension = '!', kImage = ',';
  constexpr std::size_t kImageHead = 10;
  if (bytes[at] == kExtension) return blocks_end(bytes, at + 2);
  if (bytes[at] != kImage || at + kImageHead > bytes.size()) return std::nullopt;
  return blocks_end(bytes, at + kImageHead + color_table_size(byte_at(bytes, at + kImageHead - 1)) + 1);
}

/// Images, how long and where they are shown, and how often all is repeated.
bool belongs_to_gif(Bytes block) {
  constexpr char kGraphicControl = '\xF9', kApplication = '\xFF';
  constexpr std::size_t kNameAt = 3;
  if (block.front() == ',') return true;
  if (block[1] == kApplication) return block.substr(kNameAt).starts_with("NETSCAPE2.0");
  return block[1] == kGraphicControl;
}

}  // namespace

Cleaned clean_gif(Bytes bytes) {
  constexpr std::size_t kHead = 13, kFlagsAt = 10;
  constexpr char kEnd = ';';
  if (bytes.size() < kHead || !bytes.starts_with("GIF8")) return std::nullopt;
  std::size_t at = kHead + color_table_size(byte_at(bytes, kFlagsAt));
  if (at > bytes.size()) return std::nullopt;
  std::string out(bytes.substr(0, at));
  while (at < bytes.size()) {
    if (bytes[at] == kEnd) return out + kEnd;
    const auto end = gif_block_end(bytes, at);
    if (!end || *end > bytes.size()) return std::nullopt;
    const Bytes block = bytes.substr(at, *end - at);
    if (belongs_to_gif(block)) out += block;
    at = *end;
  }
  return std::nullopt;
}

}  // namespace ms::decoder
