// The table that a person reads, as Markdown that is aligned enough for a terminal.
const columns = [
  ['drill', ({ name }) => name],
  ['what was done', ({ title }) => title],
  ['sent', ({ sent }) => sent],
  ['failed', ({ failed }) => failed],
  ['saved page', ({ stale }) => stale],
  ['refused', ({ refused }) => refused],
  ['lost', ({ lost }) => lost],
  ['doubled', ({ doubled }) => doubled],
  ['logged out', ({ loggedOut }) => loggedOut],
  ['streams', ({ seen }) => seen.streams],
  ['heard', ({ seen }) => seen.heard],
  ['missed', ({ seen }) => seen.missed],
  ['twice', ({ seen }) => seen.twice],
  ['disordered', ({ seen }) => seen.disordered],
  ['longest wait', ({ longestMs }) => `${Math.round(longestMs)} ms`],
  ['healed in', ({ healMs }) => `${(healMs / 1000).toFixed(1)} s`],
  ['promises', ({ broken, late }) => (broken.length + late.length ? `${broken.length + late.length} broken` : 'kept')],
];
const leftAligned = 2;

export function table(lines) {
  const rows = [columns.map(([head]) => head), ...lines.map((line) => columns.map(([, cell]) => String(cell(line))))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const text = (row) => '| ' + row.map((cell, i) => (i < leftAligned ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ') + ' |';
  const rule = '|' + widths.map((width, i) => '-'.repeat(width + 1) + (i < leftAligned ? '-' : ':')).join('|') + '|';
  return [text(rows[0]), rule, ...rows.slice(1).map(text)].join('\n');
}

/** What is to be known about one drill beyond its row. */
export const notes = ({ name, broken, late, remarks, resent, slowest, examples, seen }) => [
  ...remarks.map((remark) => `${name}: ${remark}`),
  ...(resent ? [`${name}: browsers sent ${resent} requests again, on a kept connection that had been closed`] : []),
  ...(seen.came > seen.streams ? [`${name}: streams came back ${seen.came - seen.streams} times, and were refused ${seen.refused} times${seen.reloads ? `; ${seen.reloads} pages were loaded anew` : ''}`] : []),
  ...[...broken, ...late].map((promise) => `${name}: BROKEN: ${promise}`),
  ...(broken.length + late.length ? [`    the slowest was ${slowest}`] : []),
  ...(broken.length ? [...seen.examples, ...examples].slice(0, 12).map((example) => `    ${example}`) : []),
].join('\n');
