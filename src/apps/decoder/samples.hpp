#pragma once
#include <archive.h>
#include <archive_entry.h>
#include <gsf/gsf-outfile-msole.h>
#include <gsf/gsf-outfile.h>
#include <gsf/gsf-output-memory.h>
#include <vips/vips.h>
#include <zlib.h>

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "apps/decoder/vips_image.hpp"

// Files of each kind, made by the libraries that others write such files with.
namespace ms::decoder::samples {

inline void check(bool fine) {
  if (!fine) throw std::runtime_error(vips_error_buffer());
}

/// Something like a photograph: colours that change slowly, and noise.
inline Image picture(int width, int height) {
  VipsImage *noise = nullptr, *ramp = nullptr, *bands = nullptr, *sum = nullptr, *colors = nullptr;
  check(vips_gaussnoise(&noise, width, height, "sigma", 8.0, "mean", 0.0, "seed", 1, nullptr) == 0);
  check(vips_sines(&ramp, width, height, "hfreq", 3.0, "vfreq", 2.0, nullptr) == 0);
  std::vector<VipsImage*> three(3, ramp);
  check(vips_bandjoin(three.data(), &bands, 3, nullptr) == 0);
  VipsImage* scaled = nullptr;
  check(vips_linear1(bands, &scaled, 100, 128, nullptr) == 0);
  check(vips_add(scaled, noise, &sum, nullptr) == 0);
  check(vips_cast_uchar(sum, &colors, nullptr) == 0);
  VipsImage* marked = nullptr;
  check(vips_copy(colors, &marked, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr) == 0);
  Image out(vips_image_copy_memory(marked));
  for (VipsImage* one : {noise, ramp, bands, scaled, sum, colors, marked}) g_object_unref(one);
  return out;
}

/// Saved under the ending of a file's name, with its options.
inline std::string saved(const Image& image, const char* ending) {
  void* data = nullptr;
  std::size_t size = 0;
  check(vips_image_write_to_buffer(image.get(), ending, &data, &size, nullptr) == 0);
  std::string out(static_cast<const char*>(data), size);
  g_free(data);
  return out;
}

/// As a phone writes it: it lies on its side, and says where it was taken.
inline std::string photograph(int width, int height, int orientation = 6, const char* ending = ".jpg[Q=90]") {
  const Image image = picture(width, height);
  vips_image_set_int(image.get(), VIPS_META_ORIENTATION, orientation);
  vips_image_set_string(image.get(), "exif-ifd0-ImageDescription", "Secret-Place");
  vips_image_set_string(image.get(), "exif-ifd3-GPSLatitude", "37/1 33/1 59/1");
  vips_image_set_string(image.get(), "exif-ifd3-GPSLatitudeRef", "N");
  vips_image_set_blob_copy(image.get(), VIPS_META_XMP_NAME, "<x>Secret-Place</x>", 19);
  return saved(image, ending);
}

/// Frames of noise, one below the other.
inline std::string animation(int side, int frames, const char* ending) {
  const Image image = picture(side, side * frames);
  vips_image_set_int(image.get(), VIPS_META_PAGE_HEIGHT, side);
  std::vector<int> delays(static_cast<std::size_t>(frames), 100);
  vips_image_set_array_int(image.get(), "delay", delays.data(), frames);
  return saved(image, ending);
}

inline std::string big_endian(std::uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

inline std::string png_chunk(const std::string& name, const std::string& data) {
  const std::string body = name + data;
  const auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(static_cast<std::uint32_t>(sum));
}

inline std::string deflated(std::string_view bytes, int window = 15) {
  z_stream stream{};
  ::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

/// A PNG that says that it is this large, with a few of its rows, black.
inline std::string huge_png(std::uint32_t side, std::size_t rows) {
  const std::string head = big_endian(side) + big_endian(side) + std::string("\x08\x00\0\0\0", 5);
  return "\x89PNG\r\n\x1A\n" + png_chunk("IHDR", head) +
         png_chunk("IDAT", deflated(std::string((side + 1) * rows, '\0'))) + png_chunk("IEND", "");
}

/// Entries in the order of their names, compressed.
inline std::string zip(const std::map<std::string, std::string>& entries) {
  std::string out(64 << 20, '\0');
  std::size_t used = 0;
  archive* const to = archive_write_new();
  archive_write_set_format_zip(to);
  archive_write_open_memory(to, out.data(), out.size(), &used);
  for (const auto& [name, content] : entries) {
    archive_entry* const entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_write_header(to, entry);
    archive_write_data(to, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(to);
  archive_write_free(to);
  out.resize(used);
  return out;
}

inline std::string utf16(std::u16string_view text) {
  std::string out;
  for (const char16_t unit : text) out += {static_cast<char>(unit), static_cast<char>(unit >> 8)};
  return out;
}

/// A record of HWP.
inline std::string record(std::uint32_t tag, const std::string& data) {
  const auto size = static_cast<std::uint32_t>(data.size());
  const std::string head = big_endian(size << 20 | tag);
  return std::string(head.rbegin(), head.rend()) + data;
}
inline std::string paragraph(std::u16string_view text) { return record(67, utf16(text)); }

/// A compound file; a name "a/b" is stream b in storage a.
inline std::string compound(const std::map<std::string, std::string>& streams) {
  GsfOutput* const memory = gsf_output_memory_new();
  GsfOutfile* const root = gsf_outfile_msole_new(memory);
  std::map<std::string, GsfOutfile*> storages;
  for (const auto& [name, content] : streams) {
    const std::size_t slash = name.find('/');
    GsfOutfile* parent = root;
    if (slash != std::string::npos) {
      GsfOutfile*& storage = storages[name.substr(0, slash)];
      if (storage == nullptr) storage = GSF_OUTFILE(gsf_outfile_new_child(root, name.substr(0, slash).c_str(), TRUE));
      parent = storage;
    }
    GsfOutput* const stream = gsf_outfile_new_child(parent, name.substr(slash + 1).c_str(), FALSE);
    gsf_output_write(stream, content.size(), reinterpret_cast<const guint8*>(content.data()));
    gsf_output_close(stream);
    g_object_unref(stream);
  }
  for (const auto& [name, storage] : storages) {
    gsf_output_close(GSF_OUTPUT(storage));
    g_object_unref(storage);
  }
  gsf_output_close(GSF_OUTPUT(root));
  g_object_unref(root);
  const auto* const bytes = gsf_output_memory_get_bytes(GSF_OUTPUT_MEMORY(memory));
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(gsf_output_size(memory)));
  g_object_unref(memory);
  return out;
}

/// HWP 5 with these flags (1 compressed, 2 password, 4 distributed).
inline std::string hwp(unsigned flags, std::map<std::string, std::string> streams) {
  std::string header = "HWP Document File";
  header.resize(256);
  header[36] = static_cast<char>(flags);
  streams["FileHeader"] = header;
  return compound(streams);
}

/// One page with a line of text.
inline std::string pdf(const std::string& text, const std::string& trailer = "") {
  const std::string content = "BT /F1 24 Tf 72 700 Td (" + text + ") Tj ET";
  const std::vector<std::string> objects{
      "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
      "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
      "<</Length " + std::to_string(content.size()) + ">>stream\n" + content + "\nendstream",
      "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"};
  std::string out = "%PDF-1.4\n";
  for (std::size_t i = 0; i < objects.size(); ++i) {
    out += std::to_string(i + 1) + " 0 obj" + objects[i] + "endobj\n";
  }
  return out + "trailer<</Root 1 0 R" + trailer + ">>\n%%EOF\n";
}

}  // namespace ms::decoder::samples
