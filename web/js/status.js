/** Tells screen readers `sentence` politely. The region is one element for as long as the window shows this site. */
export function say(sentence) {
  const status = document.getElementById("live-status");
  if (status) status.textContent = sentence;
}
