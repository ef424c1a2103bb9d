// The drills' table, as Markdown that is aligned for a terminal.
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
  ['streams', ({ pages }) => pages.streams],
  ['received', ({ pages }) => pages.received],
  ['missed', ({ pages }) => pages.missed],
  ['twice', ({ pages }) => pages.twice],
  ['disordered', ({ pages }) => pages.disordered],
  ['longest wait', ({ longestMs }) => `${Math.round(longestMs)} ms`],
  ['recovered in', ({ recoveryMs }) => `${(recoveryMs / 1000).toFixed(1)} s`],
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

/** Remarks on one drill, below the table. */
export const notes = ({ name, broken, late, remarks, resent, slowest, examples, pages }) => [
  ...remarks.map((remark) => `${name}: ${remark}`),
  ...(resent ? [`${name}: browsers sent ${resent} requests again, because a keep-alive connection had been closed`] : []),
  ...(pages.connects > pages.streams ? [`${name}: streams reconnected ${pages.connects - pages.streams} times, and were refused ${pages.refused} times${pages.reloads ? `; ${pages.reloads} pages were reloaded` : ''}`] : []),
  ...[...broken, ...late].map((promise) => `${name}: BROKEN: ${promise}`),
  ...(broken.length + late.length ? [`    the slowest was ${slowest}`] : []),
  ...(broken.length ? [...pages.examples, ...examples].slice(0, 12).map((example) => `    ${example}`) : []),
].join('\n');
