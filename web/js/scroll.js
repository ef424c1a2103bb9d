// What is wider than the screen scrolls by keyboard too (WCAG 2.1.1): it is a stop of the Tab key, and has a name.

/** Each table and code block of what members wrote, as wide as it is now. */
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
