// Builds what browsers load: see README.md beside this file. Usage: node web/build.mjs [--out DIR] (build/assets)
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { usedTokens } from "./tokens.mjs";

const web = dirname(fileURLToPath(import.meta.url));
const root = dirname(web);
const { out: outOption } = parseArgs({ options: { out: { type: "string", default: join(root, "build/assets") } } }).values;
const out = resolve(outOption);
const tokensPath = join(root, "node_modules/krds-uiux/resources/css/token/krds_tokens.css");
const apps = ["site", "admin"];

function files(folder, extension) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.endsWith(extension)).sort().map((name) => join(folder, name));
}

function featureFiles(extension) {
  const features = join(root, "src/features");
  if (!existsSync(features)) return [];
  return readdirSync(features).sort().flatMap((name) => files(join(features, name), extension));
}

const appFiles = (app, extension) => files(join(root, "src/apps", app), extension);
const controllers = files(join(web, "js/controllers"), ".js");
const icons = files(join(web, "icons"), ".svg");
const styleSheets = [...files(join(web, "css"), ".css"), ...featureFiles(".css"), ...apps.flatMap((app) => appFiles(app, ".css"))];
// What a page loads by itself when it needs it.
const later = ["live", "charts", "attachments", "uploads", "gallery"];
const laterScripts = later.map((name) => join(web, `js/${name}/${name}.js`));
const scripts = [...files(join(web, "js"), ".js"), ...later.flatMap((name) => files(join(web, "js", name), ".js")), ...controllers, ...featureFiles(".js"), ...apps.flatMap((app) => appFiles(app, ".js"))];
const inputs = [...styleSheets, ...scripts, ...icons, ...files(web, ".mjs"), ...files(web, ".json"), join(web, "favicon.svg"),
  join(root, "package-lock.json")];

// A digest of names and contents, not of times: a fresh checkout or a switched branch must not look like a change.
function digestOfInputs() {
  const hash = createHash("sha256");
  for (const path of inputs) hash.update(relative(root, path)).update("\0").update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}

function writeIfChanged(path, content) {
  if (!existsSync(path) || !readFileSync(path).equals(Buffer.from(content))) writeFileSync(path, content);
}

// Every module that a page may name as data-controller, registered under its file name.
function scriptEntry(app) {
  const modules = [...controllers, ...featureFiles(".js"), ...appFiles(app, ".js")];
  const lines = modules.map((path, i) => {
    const name = basename(path, ".js").replaceAll("_", "-");
    return `import c${i} from ${JSON.stringify(path)}; application.register(${JSON.stringify(name)}, c${i});`;
  });
  return `import { application } from ${JSON.stringify(join(web, "js/page.js"))};\n${lines.join("\n")}`;
}

function styleEntry(app) {
  const sheets = [join(web, "css", `${app}.css`), ...featureFiles(".css"), ...appFiles(app, ".css")];
  return `@import "entry:tokens.css";\n${sheets.map((path) => `@import ${JSON.stringify(path)};`).join("\n")}`;
}

const entries = {
  name: "entries",
  setup(build) {
    build.onResolve({ filter: /^entry:/ }, ({ path }) => ({ path: path.slice("entry:".length), namespace: "entry" }));
    build.onLoad({ filter: /.*/, namespace: "entry" }, ({ path }) => {
      const [name, loader] = path.split(".");
      if (name === "tokens") {
        const css = styleSheets.map((sheet) => readFileSync(sheet, "utf8")).join("\n");
        return { contents: usedTokens(css, tokensPath, join(web, "modes.json")), loader };
      }
      return { contents: loader === "css" ? styleEntry(name) : scriptEntry(name), loader, resolveDir: root };
    });
  },
};

// Turbo puts a <style> for its progress bar into the page when it is loaded, which our Content-Security-Policy refuses (and
// reports). The same rules are in css/base.css.
const turboWithoutInlineStyle = {
  name: "turbo-without-inline-style",
  setup(build) {
    build.onLoad({ filter: /turbo\.es2017-esm\.js$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const call = "    this.installStylesheetElement();\n";
      if (source.split(call).length !== 2) throw new Error("Turbo changed: look how its progress bar gets its style now");
      return { contents: source.replace(call, ""), loader: "js" };
    });
  },
};

// What page.js loads when a page needs it: `import("later:live")`. It stands alone, because esbuild's own splitting would move
// Turbo into a third file that every page then waits for.
const loadedLater = (outputs) => ({
  name: "loaded-later",
  setup(build) {
    build.onResolve({ filter: /^later:/ }, ({ path }) => {
      const name = `${path.slice("later:".length)}.js`;
      return { path: `/assets/${outputs.find((output) => plainName(output.name) === name).name}`, external: true };
    });
  },
});

const named = ({ outputFiles }) => outputFiles.map((file) => ({ name: basename(file.path), content: Buffer.from(file.contents) }));

async function bundle() {
  const esbuild = await import("esbuild").catch(() => {
    throw new Error("esbuild is not installed. Run: npm ci --ignore-scripts");
  });
  const common = {
    bundle: true, minify: true, write: false, outdir: out, legalComments: "none", logLevel: "warning", charset: "utf8",
    entryNames: "[name]-[hash]", assetNames: "[name]-[hash]", loader: { ".woff2": "file" }, publicPath: "/assets",
    target: ["chrome105", "firefox110", "safari15.4"], plugins: [entries, turboWithoutInlineStyle],
  };
  const later = named(await esbuild.build({ ...common, format: "esm", entryPoints: laterScripts }));
  const pages = await esbuild.build({
    ...common, format: "esm", plugins: [...common.plugins, loadedLater(later)],
    entryPoints: apps.flatMap((app) => ["css", "js"].map((kind) => ({ in: `entry:${app}.${kind}`, out: app }))),
  });
  // Classic and blocking, so that the first paint already has the visitor's mode and text size.
  const theme = await esbuild.build({ ...common, format: "iife", entryPoints: [{ in: join(web, "js/theme.js"), out: "theme" }] });
  return [...later, ...named(pages), ...named(theme)];
}

function sprite() {
  const symbols = icons.map((path) => {
    const inner = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(readFileSync(path, "utf8"))[1].trim();
    return `<symbol id="${basename(path, ".svg")}" viewBox="0 0 24 24">${inner}</symbol>`;
  });
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
}

function hashed(name, content) {
  const [stem, extension] = name.split(".");
  return { name: `${stem}-${createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase()}.${extension}`, content };
}

const plainName = (name) => name.replace(/-[0-9A-Z]{8}(\.\w+)$/, "$1");

function header(outputs) {
  const lines = outputs.filter(({ name }) => !name.endsWith(".woff2")).map(({ name }) =>
    `inline constexpr std::string_view ${plainName(name).replace(".", "_")} = "/assets/${name}";`);
  return `#pragma once
#include <string_view>

// Written by web/build.mjs: where this build's style sheets, scripts and pictures are.
namespace ms::assets {
${lines.sort().join("\n")}
}  // namespace ms::assets
`;
}

// Prints what a page costs, and says whether every budget holds.
function withinBudgets(outputs) {
  const budget = JSON.parse(readFileSync(join(web, "budget.json"), "utf8"));
  const gzip = (...names) => outputs.filter(({ name }) => names.includes(plainName(name)))
    .reduce((sum, { content }) => sum + gzipSync(content, { level: 9 }).length, 0);
  return [
    ...apps.flatMap((app) => [
      [`${app}: CSS`, gzip(`${app}.css`), budget.css_gzip_bytes],
      [`${app}: JavaScript of a reading page`, gzip("theme.js", `${app}.js`), budget.js_gzip_bytes],
    ]),
    ["JavaScript of what is live, loaded later", gzip("live.js"), budget.live_gzip_bytes],
    ["JavaScript of charts, loaded by the page of servers", gzip("charts.js"), budget.charts_gzip_bytes],
    ["JavaScript of forms with attachments", gzip("attachments.js"), budget.attachments_gzip_bytes],
    ["JavaScript of uploads, loaded with the first file", gzip("uploads.js"), budget.uploads_gzip_bytes],
    ["JavaScript of posts with pictures", gzip("gallery.js"), budget.gallery_gzip_bytes],
  ].map(([what, bytes, limit]) => {
    console.log(`${what} ${bytes} of ${limit} bytes (gzip)${bytes > limit ? ": OVER BUDGET" : ""}`);
    return bytes <= limit;
  }).every(Boolean);
}

function write(outputs) {
  mkdirSync(out, { recursive: true });
  const kept = new Set(["manifest.json", "assets.hpp", ".inputs"]);
  for (const { name, content } of outputs) {
    const versions = [[name, () => content]];
    if (!name.endsWith(".woff2")) {
      versions.push([`${name}.gz`, () => gzipSync(content, { level: 9 })], [`${name}.br`, () => brotliCompressSync(content)]);
    }
    for (const [version, make] of versions) {
      kept.add(version);
      if (!existsSync(join(out, version))) writeFileSync(join(out, version), make());
    }
  }
  const manifest = Object.fromEntries(outputs.map(({ name }) => [plainName(name), name]).sort());
  writeIfChanged(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  writeIfChanged(join(out, "assets.hpp"), header(outputs));
  for (const name of readdirSync(out)) if (!kept.has(name)) rmSync(join(out, name));
}

function isBuilt(digest) {
  const stamp = join(out, ".inputs");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== digest) return false;
  const manifest = join(out, "manifest.json");
  return existsSync(join(out, "assets.hpp")) && existsSync(manifest) &&
    Object.values(JSON.parse(readFileSync(manifest, "utf8"))).every((name) => existsSync(join(out, name)) && statSync(join(out, name)).size > 0);
}

const digest = digestOfInputs();
if (!isBuilt(digest)) {
  const bundled = await bundle();
  const fixed = [hashed("icons.svg", sprite()), hashed("favicon.svg", readFileSync(join(web, "favicon.svg")))];
  // Both apps name the same fonts: one output each.
  const outputs = [...new Map([...bundled, ...fixed].map((output) => [output.name, output])).values()];
  if (withinBudgets(outputs)) {
    write(outputs);
    writeFileSync(join(out, ".inputs"), digest);
  } else {
    process.exitCode = 1;
  }
}
