#pragma once
#include "infra/core/result.hpp"
#include "infra/session/viewer.hpp"

// The refusals that every feature gives.
namespace ms::session {

/// 401: asks a guest to log in.
inline Unexpected login_first() { return fail(ErrorCode::unauthenticated, "error.unauthenticated"_msg); }
/// 403: a member who may not.
inline Unexpected forbidden() { return fail(ErrorCode::forbidden, "error.forbidden"_msg); }
/// 401 for a guest, 403 for a member.
inline Unexpected no_right(const Viewer& viewer) { return viewer.signed_in() ? forbidden() : login_first(); }

}  // namespace ms::session
