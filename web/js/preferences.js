// The visitor's mode and text size: kept in this browser only, shown as attributes of <html> that the style sheets read.
// No attribute means "as the device says" and the usual size.
export const preferences = {
  theme: { values: ["light", "dark", "contrast"], usual: "auto" },
  size: { values: ["small", "large", "larger"], usual: "normal" },
};

const key = (name) => `minschool.${name}`;

/** The kept value of `name`, or the usual one. A browser may forbid storage: then every page shows the usual. */
export function kept(name) {
  try {
    const value = localStorage.getItem(key(name));
    return preferences[name].values.includes(value) ? value : preferences[name].usual;
  } catch {
    return preferences[name].usual;
  }
}

/** Shows `value` at once, on this page. */
export function apply(name, value) {
  const { dataset } = document.documentElement;
  if (preferences[name].values.includes(value)) dataset[name] = value;
  else delete dataset[name];
}

/** Keeps `value` for the next pages. */
export function keep(name, value) {
  try {
    if (preferences[name].values.includes(value)) localStorage.setItem(key(name), value);
    else localStorage.removeItem(key(name));
  } catch {
    // Storage is forbidden or full: the choice holds until the page is left.
  }
}
