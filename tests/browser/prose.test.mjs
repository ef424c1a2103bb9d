// How texts are shown: typed spaces, and content wider than the screen.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { assertAccessible, screens } from '../support/accessible.mjs';
import { openPage } from '../support/browser.mjs';
import { newMember } from '../support/members.mjs';

const phone = screens[0];
const narrow = { width: 320, height: 640 };
const prose = (page) => page.locator('.post .prose');

async function written(content) {
  const { client } = await newMember();
  const { location } = await client.post('/boards/free/write', { form: { title: `글 ${randomUUID()}`, content } });
  return location;
}
/** The position of the words `text` on the page. */
const drawn = (page, text) => prose(page).evaluate((root, wanted) => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (!walker.nextNode().data.includes(wanted));
  const { currentNode } = walker;
  const range = document.createRange();
  range.setStart(currentNode, currentNode.data.indexOf(wanted));
  range.setEnd(currentNode, range.startOffset + wanted.length);
  const { left, right, top } = range.getBoundingClientRect();
  return { left, right, top };
}, text);
const isWithin = (page) => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

test('runs of spaces and tabs stay as they were typed, and a line break is one', async () => {
  const page = await openPage({ viewport: screens[1] });
  await page.goto(await written('시간    국어\t\t수학\n                학교장 김하늘\n끝줄\n\n- 하나    둘\n  - 안    쪽\n'));
  const [hour, korean, maths, head, last] = await Promise.all(['시간', '국어', '수학', '학교장', '끝줄'].map((text) => drawn(page, text)));
  assert.ok(korean.left - hour.right > 12, `four spaces are ${korean.left - hour.right} px wide`);
  assert.ok(maths.left - korean.right > 24, 'two tabs');
  assert.ok(head.left - hour.left > 48, 'a letterhead stands to the right');
  assert.ok(Math.abs(head.top - hour.top - (last.top - head.top)) < 1, 'each line is as high');
  for (const [one, next] of [['하나', '둘'], ['안', '쪽']]) assert.ok((await drawn(page, next)).left - (await drawn(page, one)).right > 12);
  await page.setViewportSize(narrow);
  assert.ok(await isWithin(page));
});

test('content wider than the screen scrolls by keyboard, and has an accessible name', async () => {
  const row = (cell) => `|${` ${cell} |`.repeat(12)}\n`;
  const path = await written(`${row('학부모총회안내문')}${row('---')}${row('학부모총회')}\n\`\`\`\n${'long_word_'.repeat(40)}\n\`\`\`\n\n\`\`\`\nshort\n\`\`\`\n`);
  for (const viewport of [phone, narrow]) {
    const page = await openPage({ viewport });
    await page.goto(path);
    await assertAccessible(page, `a wide post at ${viewport.width} px`);
    const wide = prose(page).locator('[tabindex="0"]');
    assert.equal(await wide.count(), 2);
    assert.deepEqual(await wide.evaluateAll((all) => all.map((one) => one.ariaLabel)), ['옆으로 밀어 보는 표', '옆으로 밀어 보는 코드']);
    await wide.last().focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => document.activeElement.scrollLeft > 0);
  }
});
