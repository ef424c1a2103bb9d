#include "features/files/kinds.hpp"

#include <algorithm>
#include <array>

#include "infra/core/text.hpp"

namespace ms::files {
namespace {

constexpr FileKind kPicture{"picture", "files.kind_picture"_msg};
constexpr FileKind kText{"document", "files.kind_text"_msg};
constexpr FileKind kHangul{"document", "files.kind_hangul"_msg};
constexpr FileKind kPdf{"document", "files.kind_pdf"_msg};
constexpr FileKind kWord{"document", "files.kind_word"_msg};
constexpr FileKind kSheet{"sheet", "files.kind_sheet"_msg};
constexpr FileKind kSlides{"slides", "files.kind_slides"_msg};
constexpr FileKind kArchive{"archive", "files.kind_archive"_msg};
constexpr FileKind kAudio{"audio", "files.kind_audio"_msg};
constexpr FileKind kVideo{"video", "files.kind_video"_msg};
constexpr FileKind kOther{"file", "files.kind_other"_msg};

struct Entry {
  std::string_view key;
  FileKind kind;
};

/// Beginnings of media types; the first that fits counts.
constexpr std::array kMediaTypes{
    Entry{"image/", kPicture},
    Entry{"audio/", kAudio},
    Entry{"video/", kVideo},
    Entry{"application/pdf", kPdf},
    Entry{"application/x-hwp", kHangul},
    Entry{"application/hwp+zip", kHangul},
    Entry{"application/msword", kWord},
    Entry{"application/vnd.openxmlformats-officedocument.wordprocessingml", kWord},
    Entry{"application/vnd.ms-excel", kSheet},
    Entry{"application/vnd.openxmlformats-officedocument.spreadsheetml", kSheet},
    Entry{"application/vnd.ms-powerpoint", kSlides},
    Entry{"application/vnd.openxmlformats-officedocument.presentationml", kSlides},
    Entry{"application/zip", kArchive},
    Entry{"text/", kText},
};

constexpr std::array kExtensions{
    Entry{".jpg", kPicture},  Entry{".jpeg", kPicture}, Entry{".png", kPicture},  Entry{".gif", kPicture},
    Entry{".webp", kPicture}, Entry{".heic", kPicture}, Entry{".heif", kPicture}, Entry{".avif", kPicture},
    Entry{".pdf", kPdf},      Entry{".hwp", kHangul},   Entry{".hwpx", kHangul},  Entry{".doc", kWord},
    Entry{".docx", kWord},    Entry{".xls", kSheet},    Entry{".xlsx", kSheet},   Entry{".csv", kSheet},
    Entry{".ppt", kSlides},   Entry{".pptx", kSlides},  Entry{".zip", kArchive},  Entry{".7z", kArchive},
    Entry{".mp3", kAudio},    Entry{".m4a", kAudio},    Entry{".wav", kAudio},    Entry{".mp4", kVideo},
    Entry{".mov", kVideo},    Entry{".txt", kText},
};

}  // namespace

FileKind kind_of(const Attachment& one) {
  const auto* type =
      std::ranges::find_if(kMediaTypes, [&](const Entry& entry) { return one.media_type.starts_with(entry.key); });
  if (type != kMediaTypes.end() && one.state != State::waiting) return type->kind;
  const std::string name = ascii_lower(one.name);
  const auto* extension =
      std::ranges::find_if(kExtensions, [&](const Entry& entry) { return name.ends_with(entry.key); });
  return extension == kExtensions.end() ? kOther : extension->kind;
}

}  // namespace ms::files
