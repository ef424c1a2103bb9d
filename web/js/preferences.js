// The visitor's mode and text size: stored in this browser only, and set as attributes of <html> that the style sheets read.
// Without an attribute the device's mode and the normal size apply.
export const preferences = {
  theme: { values: ["light", "dark", "contrast"], default: "auto" },
  size: { values: ["small", "large", "larger"], default: "normal" },
};

const key = (name) => `minschool.${name}`;

/** The stored value of `name`, or the default; also the default where the browser forbids storage. */
export function load(name) {
  try {
    const value = localStorage.getItem(key(name));
    return preferences[name].values.includes(value) ? value : preferences[name].default;
  } catch {
    return preferences[name].default;
  }
}

/** Applies `value` to this page. */
export function apply(name, value) {
  const { dataset } = document.documentElement;
  if (preferences[name].values.includes(value)) dataset[name] = value;
  else delete dataset[name];
}

/** Stores `value` for the next pages. */
export function save(name, value) {
  try {
    if (preferences[name].values.includes(value)) localStorage.setItem(key(name), value);
    else localStorage.removeItem(key(name));
  } catch {
    // Storage is forbidden or full: the choice lasts until the visitor leaves the page.
  }
}
