// Names after @ in the fields of posts and comments: by keyboard, input method and finger.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertAccessible } from '../support/accessible.mjs';
import { button, openPage } from '../support/browser.mjs';
import { newMember } from '../support/members.mjs';

const board = '/boards/free';
const names = (page) => page.locator('#names li');

test('names after @ are chosen with the keyboard alone, without disturbing the input method or the text', async () => {
  const [asked, writer] = await Promise.all([newMember(), newMember()]);
  const { location: path } = await writer.client.post(`${board}/write`, { form: { title: '부르기', content: '본문' } });
  const page = await openPage({ as: writer.client });
  await page.goto(path);
  const owner = await openPage({ as: asked.client });
  await owner.goto('/');
  const field = page.getByLabel('댓글 쓰기');

  await field.pressSequentially(`안녕하세요 @${asked.name}`);
  await names(page).getByText(asked.name).waitFor();
  assert.equal(await field.getAttribute('aria-activedescendant'), await names(page).first().getAttribute('id'));
  assert.equal(await names(page).first().getAttribute('aria-selected'), 'true');
  await field.press('Escape');
  assert.ok(await page.locator('#names').isHidden());
  assert.equal(await field.getAttribute('aria-activedescendant'), null);
  await field.press('Backspace');
  await field.press('End');
  assert.ok(await page.locator('#names').isHidden(), 'Escape holds for this name');

  await field.fill('');
  await field.pressSequentially('@시험');
  await names(page).nth(1).waitFor();
  await field.press('ArrowDown');
  assert.equal(await names(page).nth(1).getAttribute('aria-selected'), 'true');
  await field.press('ArrowUp');
  const [chosen] = await names(page).allTextContents();
  await field.press('Tab');
  assert.match(await field.inputValue(), new RegExp(`^@${chosen}(#\\d+)? $`));
  assert.ok(await field.evaluate((one) => one === document.activeElement));

  // A syllable that is being composed: its names are there, the keys are the input method's, and Enter then takes the name.
  await field.fill('');
  const ime = await page.context().newCDPSession(page);
  const [first, ...rest] = asked.name.slice(2);
  await field.pressSequentially(`@시험${first}${rest.slice(0, -1).join('')}`);
  const last = rest.at(-1);
  await ime.send('Input.imeSetComposition', { text: last, selectionStart: 1, selectionEnd: 1 });
  await names(page).getByText(asked.name).waitFor();
  await field.dispatchEvent('keydown', { key: 'Enter', isComposing: true });
  assert.equal(await field.inputValue(), `@${asked.name}`);
  await ime.send('Input.insertText', { text: last });
  await names(page).getByText(asked.name).waitFor();
  await field.press('Enter');
  assert.match(await field.inputValue(), new RegExp(`^@${asked.name}(#\\d+)? $`));
  await field.pressSequentially('보세요');
  await button(page, '등록').last().click();
  await page.locator('.comment', { hasText: '보세요' }).waitFor();
  await owner.locator('#bell .bell-count', { hasText: /^1$/ }).waitFor();
});

test('the list of names fits on a small screen, and a tap chooses a name', async () => {
  const writer = await newMember();
  const page = await openPage({ as: writer.client, viewport: { width: 320, height: 568 }, hasTouch: true });
  await page.goto(`${board}/write`);
  const field = page.getByLabel(/^내용/);
  await field.pressSequentially(`${'앞에 쓴 말 '.repeat(4)}@${writer.name}`);
  await names(page).first().waitFor();
  const box = await page.locator('#names').boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 320, JSON.stringify(box));
  await assertAccessible(page, 'the names');
  await names(page).first().tap();
  assert.match(await field.inputValue(), new RegExp(`@${writer.name}(#\\d+)? $`));
});

test('an unknown name is reported while a member writes, and the form can still be sent', async () => {
  const [writer, named] = await Promise.all([newMember(), newMember()]);
  const page = await openPage({ as: writer.client });
  await page.goto(`${board}/write`);
  await page.getByLabel(/^제목/).fill('이름');
  const field = page.getByLabel(/^내용/);
  await field.fill(`@${named.name}님, \`@코드\` hong@example.kr`);
  const status = page.getByRole('status').filter({ hasText: '알림이 가지 않는 이름' });
  await field.press('End');
  await field.pressSequentially(' @아무도아닌이름 ');
  await status.waitFor();
  assert.equal((await status.textContent()).trim(), '알림이 가지 않는 이름: @아무도아닌이름');
  assert.ok(await field.evaluate((one) => one === document.activeElement), 'nobody is interrupted');
  await assertAccessible(page, 'the status about names');

  await field.fill(`@${named.name}님`);
  await status.waitFor({ state: 'detached' });
  await field.fill('@아무도아닌이름');
  await status.waitFor();
  await button(page, '등록').click();
  await page.waitForURL(/\/boards\/free\/\d+$/);

  // In a reply, whose form a script puts below the comment; sent before the status can appear, the form is shown again once.
  const comment = page.getByLabel('댓글 쓰기');
  await comment.fill('댓글');
  await button(page, '등록').last().click();
  await page.getByRole('link', { name: /^답글/ }).click();
  const reply = page.getByLabel('답글 쓰기');
  await reply.fill('@또아무도아닌이름');
  await page.locator('.reply-slot').getByRole('button', { name: '등록' }).click();
  await page.getByText('그대로 올리려면 다시 눌러 주세요').waitFor();
  assert.equal(await page.getByLabel('답글 쓰기').inputValue(), '@또아무도아닌이름');
  await page.locator('.reply-slot').getByRole('button', { name: '등록' }).click();
  await page.locator('.comment', { hasText: '@또아무도아닌이름' }).last().waitFor();
});
