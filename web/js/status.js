/** Announces `sentence` to screen readers politely. The region stays the same element while the window shows this site. */
export function say(sentence) {
  const status = document.getElementById("live-status");
  if (status) status.textContent = sentence;
}
