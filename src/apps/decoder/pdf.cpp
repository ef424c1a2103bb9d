#include "apps/decoder/pdf.hpp"

#include <poppler.h>

#include <algorithm>
#include <memory>
#include <string>

namespace ms::decoder {
namespace {

using decoding::Refusal;

constexpr int kMaxPages = 500;
constexpr std::size_t kMaxText = 8 << 20;

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};

Refusal refusal_of(const GError* error) {
  return error != nullptr && g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED) ? Refusal::locked
                                                                                            : Refusal::broken;
}

std::string page_text(PopplerDocument* document, int number) {
  const std::unique_ptr<PopplerPage, Unref> page(poppler_document_get_page(document, number));
  if (!page) return {};
  const std::unique_ptr<char, decltype(&g_free)> text(poppler_page_get_text(page.get()), g_free);
  return text ? std::string(text.get()) + "\n\n" : std::string();
}

}  // namespace

void start_poppler() { g_type_ensure(POPPLER_TYPE_DOCUMENT); }

std::string pdf_text(std::string_view bytes, decoding::Report& report) {
  const std::unique_ptr<GBytes, decltype(&g_bytes_unref)> data(g_bytes_new_static(bytes.data(), bytes.size()),
                                                               g_bytes_unref);
  GError* error = nullptr;
  const std::unique_ptr<PopplerDocument, Unref> document(poppler_document_new_from_bytes(data.get(), nullptr, &error));
  if (!document) report.refusal = refusal_of(error);
  g_clear_error(&error);
  if (!document) return {};
  report.pages = poppler_document_get_n_pages(document.get());
  std::string out;
  for (int i = 0; i < std::min(report.pages, kMaxPages) && out.size() < kMaxText; ++i) {
    out += page_text(document.get(), i);
  }
  report.text_is_cut = report.pages > kMaxPages || out.size() >= kMaxText;
  return out;
}

}  // namespace ms::decoder
