// The order of attachments, which is their order in the post.

/** Moves a row by one place; whether there was one. */
export function move(row, by) {
  const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return false;
  if (by < 0) other.before(row);
  else other.after(row);
  return true;
}

/** The first cannot go up, the last cannot go down. Their buttons keep the focus, so they are not disabled for good. */
export function showEnds(rows) {
  for (const row of rows) {
    row.querySelector("[data-move=up]").ariaDisabled = String(!row.previousElementSibling);
    row.querySelector("[data-move=down]").ariaDisabled = String(!row.nextElementSibling);
  }
}
