#include "apps/decoder/decoder.hpp"

#include <gsf/gsf-utils.h>

#include "apps/decoder/document.hpp"
#include "apps/decoder/pdf.hpp"
#include "apps/decoder/picture.hpp"
#include "infra/unicode/encodings.hpp"

namespace ms::decoder {

using decoding::Kind;
using decoding::Operation;
using decoding::Refusal;
using decoding::Report;

Decoder::Decoder() {
  start_vips();
  start_poppler();
  gsf_init();
  unicode::from_cp949("");
}

void Decoder::run(Operation operation, std::string_view bytes, Output& output) const {
  const Identity identity = identifier_.identify(bytes);
  output.type(identity.type, identity.kind);
  Report report;
  const bool avatar = operation == Operation::avatar;
  if (bytes.empty() || (avatar && identity.kind != Kind::picture)) {
    report.refusal = Refusal::broken;
  } else if (avatar) {
    prepare_avatar(bytes, output, report);
  } else if (operation == Operation::prepare && identity.kind == Kind::picture) {
    prepare_picture(identity.type, bytes, output, report);
  } else if (operation == Operation::prepare && identity.kind == Kind::document) {
    prepare_document(identity.type, bytes, output, report);
  }
  output.report(report);
}

}  // namespace ms::decoder
