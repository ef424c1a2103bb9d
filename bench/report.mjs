// Rounds to figures, figures to Markdown.
import fs from 'node:fs';
import os from 'node:os';

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const digits = (value) => (value >= 100 ? 0 : value >= 10 ? 1 : 2);

/** "32.1 (30.9 to 35.0)"; without a spread for a single value. */
export function figure(values, unit = '') {
  const show = (value) => value.toFixed(digits(median(values)));
  const spread = values.length > 1 ? ` (${show(Math.min(...values))} to ${show(Math.max(...values))})` : '';
  return `${show(median(values))}${unit}${spread}`;
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The machine and what else it did. */
export function machine() {
  const model = /^model name\s*: (.*)$/m.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? os.arch();
  const load = os.loadavg().map((value) => value.toFixed(1)).join(', ');
  return `${model}, ${os.cpus().length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Linux ${os.release()}; load before: ${load}`;
}
