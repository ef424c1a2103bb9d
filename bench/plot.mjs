// The table of costs of `script/bench` as a picture: one bar a page, one colour a part of the stack.
// node bench/plot.mjs RESULT.md PICTURE.svg
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

const [from, to] = process.argv.slice(2);
const parts = ['Nginx', 'app', 'Redis', 'PostgreSQL'];
const head = `| Page | ${parts.join(' | ')} |`;

const lines = fs.readFileSync(from, 'utf8').split('\n');
const begin = lines.findIndex((line) => line.startsWith(head));
if (begin < 0) throw new Error(`${from} has no table that begins with "${head}"`);
const costs = [];
for (const line of lines.slice(begin + 2)) {
  if (!line.startsWith('|')) break;
  const [name, ...cells] = line.split('|').slice(1, -1).map((cell) => cell.trim());
  costs.push([name, ...parts.map((_, i) => Number.parseFloat(cells[i]) || 0)]);
}

// The first page stands on top.
const rows = costs.reverse().map(([name, ...values], i) => [i, JSON.stringify(name), ...values].join(' ')).join('\n');
const colours = ['#3b6fb6', '#d9822b', '#b8433f', '#4f8a4b'];
// A box from where the parts before it end to where it ends itself.
const boxes = parts.map((part, i) => {
  const upTo = (last) => parts.slice(0, last).map((_, n) => `$${n + 3}`).join('+') || '0';
  return `$costs using (${upTo(i)}):1:(${upTo(i)}):(${upTo(i + 1)}):($1-0.36):($1+0.36) with boxxyerror linecolor rgb "${colours[i]}" title "${part}"`;
});
execFileSync('gnuplot', { input: `
set terminal svg size 960,${140 + 26 * costs.length} font "sans-serif,13" background "#ffffff"
set output ${JSON.stringify(to)}
$costs << END
${rows}
END
set title "µs of CPU a request"
set key outside top center horizontal
set style fill solid 0.95 noborder
set grid xtics linecolor rgb "#cccccc"
set yrange [-0.6:${costs.length - 0.4}]
set xrange [0:*]
set border 1
set tics nomirror
set offsets 0, 0, 0, 0
set ytics ()
set for [i=1:|$costs|] ytics add (word($costs[i], 2) int(word($costs[i], 1)))
plot ${boxes.join(', \\\n  ')}
` });
