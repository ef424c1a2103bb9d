// What a morning of N visitors needs, from what script/bench measured: `node bench/model.mjs`, after script/bench,
// script/bench live and script/bench writes. Prints Markdown. What people do is assumed, and stands in `people`; what it
// costs is read from the tables in build/bench.
import fs from 'node:fs';

import { table } from './report.mjs';

const people = {
  hours: 2,               // all of them come within,
  peak: 3,                // and in the busiest minutes so many times the average
  pages: 5,               // each asks for
  members: 0.5,           // of them are logged in; the others are guests
  anew: 0.1,              // of members' pages are read from PostgreSQL
  comments: 0.1,          // each writes
  logins: 0.05,           // each needs; a login lasts for weeks
  minutes: 4,             // each stays, with a stream of what is live
  firstVisit: 0.2,        // has nothing in the browser's cache yet
};
const sizes = [1_000, 20_000, 500_000, 2_000_000, 20_000_000];
const asset = { files: 7, bytes: 575_000 };  // of a first visit: build/assets as browsers take it, both weights of the font
const machine = { cores: 2, memoryGb: 4, mbits: 1000, busy: 0.5 };
const connectionsOfServer = 7;

const read = (name) => {
  const file = new URL(`../build/bench/${name}.md`, import.meta.url);
  if (!fs.existsSync(file)) throw new Error(`build/bench/${name}.md is missing: run script/bench${name === 'result' ? '' : ` ${name}`} first`);
  return fs.readFileSync(file, 'utf8').split('\n').filter((line) => line.startsWith('| ')).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
};
const tables = { result: read('result'), live: read('live'), writes: read('writes') };
const number = (cell) => Number.parseFloat(cell) || 0;
/** The row of that name: {Nginx, app, Redis, PostgreSQL} in µs, by the head of its table. */
function cost(name, row) {
  const at = tables[name].findIndex(([first]) => first === row);
  if (at < 0) throw new Error(`build/bench/${name}.md has no row "${row}"`);
  const head = tables[name].slice(0, at).findLast((cells) => cells.includes('app'));
  return Object.fromEntries(['Nginx', 'app', 'Redis', 'PostgreSQL'].map((part) => [part, head.includes(part) ? number(tables[name][at][head.indexOf(part)]) : 0]));
}
const claim = (name, row) => number((tables[name].find(([first]) => first.startsWith(row)) ?? [])[2]);
const mean = (...costs) => scale(costs.reduce(add), 1 / costs.length);
const add = (a, b) => Object.fromEntries(Object.keys(a).map((part) => [part, a[part] + b[part]]));
const scale = (a, by) => Object.fromEntries(Object.keys(a).map((part) => [part, a[part] * by]));

const packed = cost('result', 'guest: board list, as a browser takes it');
const costs = {
  guest: mean(cost('result', 'guest: board list'), cost('result', 'guest: home'), cost('result', 'guest: post')),
  member: mean(cost('result', 'board list'), cost('result', 'home'), cost('result', 'post')),
  anew: cost('result', 'board list read anew'),
  packing: { Nginx: packed.Nginx - cost('result', 'guest: board list').Nginx, app: 0, Redis: 0, PostgreSQL: 0 },
  file: cost('result', 'guest: file of the list'),
  comment: add(cost('writes', 'comment, by form'), { ...cost('result', 'constant list'), app: 0, Redis: 0, PostgreSQL: 0 }),
  login: cost('writes', 'login'),
};
const streamKb = claim('live', 'memory of the Site') + claim('live', 'memory of Nginx') + claim('live', 'memory of the kernel');
const pageBytes = 4500;  // of a board list by brotli at its lowest level

/** What so many visitors need in the busiest minutes. */
function morning(visitors) {
  const rate = (each) => (visitors * each * people.peak) / (people.hours * 3600);
  const pages = rate(people.pages), members = pages * people.members;
  const used = [
    scale(costs.guest, pages - members), scale(costs.packing, pages), scale(costs.member, members * (1 - people.anew)),
    scale(costs.anew, members * people.anew), scale(costs.file, rate(people.firstVisit * asset.files)),
    scale(costs.comment, rate(people.comments)), scale(costs.login, rate(people.logins)),
  ].reduce(add);
  const cores = scale(used, 1e-6);
  const streams = (visitors * people.minutes * people.peak) / (people.hours * 60);
  const bits = { pages: (pages * pageBytes * 8) / 1e6, assets: (rate(people.firstVisit) * asset.bytes * 8) / 1e6 };
  return { pages, writes: rate(people.comments), logins: rate(people.logins), cores, streams, gb: (streams * streamKb) / 2 ** 20, bits };
}

/** How much of one machine each part of it would take: where the first machine gives way. */
function fullest({ cores, gb, bits }) {
  const shares = {
    processor: Object.values(cores).reduce((sum, one) => sum + one, 0) / machine.cores,
    'memory of streams': gb / machine.memoryGb,
    network: (bits.pages + bits.assets) / machine.mbits,
  };
  const [name, share] = Object.entries(shares).sort(([, a], [, b]) => b - a)[0];
  return `${name}, ${show(share * 100)} %`;
}

const show = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value >= 0.01 ? value.toFixed(2) : '< 0.01');
const rows = sizes.map((visitors) => {
  const needs = morning(visitors);
  const { pages, writes, logins, cores, streams, gb, bits } = needs;
  const app = Math.ceil(Math.max((cores.Nginx + cores.app) / (machine.cores * machine.busy), gb / (machine.memoryGb * machine.busy), 1));
  return [visitors.toLocaleString('en'), show(pages), show(writes), show(logins), show(cores.Nginx), show(cores.app), show(cores.Redis), show(cores.PostgreSQL),
    show(streams), show(gb), `${show(bits.pages)} + ${show(bits.assets)}`, String(app), String(app * connectionsOfServer), fullest(needs)];
});
console.log(table(['Visitors', 'pages/s', 'comments/s', 'logins/s', 'Nginx', 'app', 'Redis', 'PostgreSQL', 'streams', 'their memory, GB', 'Mbit/s: pages + first visits', 'machines', 'connections', 'fullest of one machine'], rows));
