// Updates relative times ("3분 전") while a page stays open. The words come from the server (view::page_data).

const kMinute = 60_000;
const kHour = 60 * kMinute;
const kDay = 24 * kHour;
const kEveryMs = 20_000;

const words = () => document.getElementById("page-data")?.dataset;

/** The age in words of a moment (ms since 1970), or undefined when it is a day or older, or lies in the future because this
 * machine's clock is behind. */
export function age(at, now = Date.now()) {
  const passed = now - at;
  const text = words();
  if (!text || passed < 0 || passed >= kDay) return undefined;
  if (passed < kMinute) return text.now;
  if (passed < kHour) return text.minutes.replace("{n}", Math.floor(passed / kMinute));
  return text.hours.replace("{n}", Math.floor(passed / kHour));
}

function refresh() {
  if (document.visibilityState !== "visible") return;
  for (const time of document.querySelectorAll("time[data-age]")) {
    const at = Date.parse(time.dateTime);
    // A time older than a day becomes the date, with which the exact time in the title begins.
    const text = age(at) ?? (Date.now() - at >= kDay ? time.title.replace(/ \d+:\d+$/, "") : undefined);
    if (text && text !== time.textContent) time.textContent = text;
  }
}

export function start() {
  setInterval(refresh, kEveryMs);
  for (const event of ["visibilitychange", "turbo:load", "pageshow"]) addEventListener(event, refresh);
}
