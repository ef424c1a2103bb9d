#include "apps/decoder/compound.hpp"

#include <gsf/gsf-infile-msole.h>
#include <gsf/gsf-infile.h>
#include <gsf/gsf-input-memory.h>

namespace ms::decoder {
namespace {

constexpr gsf_off_t kMaxStream = 32 << 20;

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using Input = std::unique_ptr<GsfInput, Unref>;
using Infile = std::unique_ptr<GsfInfile, Unref>;

std::optional<std::string> content_of(GsfInput* input) {
  const gsf_off_t size = gsf_input_size(input);
  if (size < 0 || size > kMaxStream) return std::nullopt;
  std::string out(static_cast<std::size_t>(size), '\0');
  auto* const into = reinterpret_cast<guint8*>(out.data());
  if (size > 0 && gsf_input_read(input, out.size(), into) == nullptr) return std::nullopt;
  return out;
}

}  // namespace

struct CompoundFile::Handle {
  Infile file;
};

CompoundFile::CompoundFile(std::string_view bytes) : handle_(std::make_unique<Handle>()) {
  const auto* const data = reinterpret_cast<const guint8*>(bytes.data());
  const Input input(gsf_input_memory_new(data, static_cast<gsf_off_t>(bytes.size()), FALSE));
  if (input) handle_->file.reset(gsf_infile_msole_new(input.get(), nullptr));
}

CompoundFile::~CompoundFile() = default;

bool CompoundFile::is_open() const noexcept { return handle_->file != nullptr; }

bool CompoundFile::has(const char* stream) const {
  return is_open() && Input(gsf_infile_child_by_name(handle_->file.get(), stream)) != nullptr;
}

std::optional<std::string> CompoundFile::read(const char* stream) const {
  if (!is_open()) return std::nullopt;
  const Input input(gsf_infile_child_by_name(handle_->file.get(), stream));
  return input ? content_of(input.get()) : std::nullopt;
}

std::optional<std::string> CompoundFile::read(const char* storage, const std::string& stream) const {
  if (!is_open()) return std::nullopt;
  const Input folder(gsf_infile_child_by_name(handle_->file.get(), storage));
  if (!folder || !GSF_IS_INFILE(folder.get())) return std::nullopt;
  const Input input(gsf_infile_child_by_name(GSF_INFILE(folder.get()), stream.c_str()));
  return input ? content_of(input.get()) : std::nullopt;
}

}  // namespace ms::decoder
