// The colours of KRDS for our CSS: `krds-uiux` has 700 custom properties, a page uses some 50 of them. Our CSS says
// `var(--krds-color-text-basic)`; this finds what is used and writes those properties for each mode.
//
// KRDS has two sets: light, and high contrast (white on black). It has no dark set: ours is the high contrast set with the
// softer steps of the same palette that modes.json names, so that a dark room is not lit by pure white on pure black.
import { readFileSync } from "node:fs";

const declaration = /--krds-([\w-]+):\s*([^;]+);/g;
const use = /var\(--krds-color-([\w-]+)\)/g;

function read(path) {
  return new Map([...readFileSync(path, "utf8").matchAll(declaration)].map(([, name, value]) => [name, value.trim()]));
}

function resolve(all, name) {
  const value = all.get(name);
  if (value === undefined) throw new Error(`krds-uiux has no token --krds-${name}`);
  const reference = /^var\(--krds-([\w-]+)\)$/.exec(value);
  return reference ? resolve(all, reference[1]) : value;
}

function block(scheme, values) {
  return `color-scheme:${scheme};` + [...values].map(([name, value]) => `--krds-color-${name}:${value};`).join("");
}

/** CSS that defines, for every mode, the KRDS colours that occur in `css` (the text of all our style sheets). */
export function usedTokens(css, tokensPath, modesPath) {
  const all = read(tokensPath);
  const modes = JSON.parse(readFileSync(modesPath, "utf8"));
  const used = [...new Set([...css.matchAll(use)].map((match) => match[1]))].sort();
  for (const name of Object.keys({ ...modes.dark, ...modes.contrast })) {
    if (!used.includes(name)) throw new Error(`web/modes.json sets ${name}, which no style sheet uses`);
  }
  const light = used.map((name) => [name, resolve(all, `light-color-${name}`)]);
  const from = (changes) =>
    used.map((name) => [
      name,
      changes[name] ? resolve(all, `color-high-contrast-${changes[name]}`) : resolve(all, `high-contrast-color-${name}`),
    ]);
  const dark = block("dark", from(modes.dark));
  const contrast = block("dark", from(modes.contrast));
  return `:root{${block("light", light)}}
@media screen and (prefers-color-scheme:dark){:root:not([data-theme]){${dark}}}
@media screen and (prefers-contrast:more){:root:not([data-theme]){${contrast}}}
@media screen{:root[data-theme=dark]{${dark}}:root[data-theme=contrast]{${contrast}}}`;
}
