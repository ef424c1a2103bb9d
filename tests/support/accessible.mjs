// The accessibility checks of every page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** A phone and a desktop. */
export const screens = [{ width: 360, height: 800 }, { width: 1440, height: 900 }];

/** Asserts that the page, fully unfolded, passes axe-core's rules of WCAG 2.2 AA and fits its screen. */
export async function assertAccessible(page, where) {
  await page.evaluate(() => document.querySelectorAll('main details').forEach((one) => { one.open = true; }));
  await page.evaluate(axe);
  const found = await page.evaluate(async (values) => {
    const { violations } = await window.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`));
  }, standards);
  assert.deepEqual(found, [], where);
  const { wide, room } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: document.documentElement.clientWidth }));
  assert.ok(wide <= room, `${where} is ${wide} px wide`);
}
