// Content wider than the screen must scroll by keyboard too (WCAG 2.1.1): the Tab key stops at it, and it has a name.

/** Marks each table and code block in members' texts by its present width. */
export function markScrollable() {
  for (const box of document.querySelectorAll(".prose :is(pre, table)")) {
    if (box.scrollWidth <= box.clientWidth) {
      box.removeAttribute("tabindex");
    } else {
      box.tabIndex = 0;
      if (box.localName === "pre") box.setAttribute("role", "group"); // a table has its own
      box.setAttribute("aria-label", document.getElementById("page-data").dataset[box.localName]);
    }
  }
}
