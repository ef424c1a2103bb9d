// The attachments of a form, in a real browser: uploads survive whatever interrupts them, and are usable without a mouse, without
// sight and without a script.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';

import { assertAccessible, screens } from '../support/accessible.mjs';
import { soon } from '../support/assert.mjs';
import { button, openPage } from '../support/browser.mjs';
import { newMember } from '../support/members.mjs';
import { facts, stack, status } from '../support/stack.mjs';

const board = '/boards/free';
const large = 24_000_000;
// What is no picture loses its field as soon as it has been looked at.
const photograph = await readFile(new URL('../fuzz/seeds/picture/jpeg', import.meta.url));

const file = (name, size = 20_000, mimeType = 'application/octet-stream') => ({ name, mimeType, buffer: randomBytes(size) });
const items = (page) => page.locator('.attachment:not(.upload)');
const uploads = (page) => page.locator('.upload');
const announced = (page) => page.locator('.attachments [role=status]');
const names = (page) => items(page).evaluateAll((all) => all.map((one) => one.dataset.name));
const choose = (page, ...files) => page.locator('#upload').setInputFiles(files);
const addresses = (page) => page.locator('.download').evaluateAll((all) => all.map((one) => one.getAttribute('href')));

/** The form for a new post, filled in. */
async function openForm(member, options) {
  const page = await openPage({ as: member.client, ...options });
  await page.goto(`${board}/write`);
  await page.locator('.attachments-live').waitFor();
  await page.getByLabel(/^제목/).fill('첨부 파일이 있는 글');
  await page.getByLabel(/^내용/).fill('본문');
  return page;
}

/** Slows the page's connection down to so many bytes a second, or cuts it. */
async function network(page) {
  const session = await page.context().newCDPSession(page);
  const set = (offline, uploadThroughput) =>
    session.send('Network.emulateNetworkConditions', { offline, uploadThroughput, latency: 0, downloadThroughput: -1 });
  return { slow: (bytes) => set(false, bytes), cut: () => set(true, -1), back: () => set(false, -1) };
}

/** The post that the form became. */
async function sent(page) {
  await page.waitForURL(/\/boards\/free\/\d+/);
  await page.locator('.downloads').waitFor();
}

test('files are uploaded while the form is filled in, in the order that the member gives them', async () => {
  const member = await newMember();
  const page = await openForm(member);
  await choose(page, file('안내문.hwp'), file('명단.xlsx'), file('사진.zip'));
  await items(page).nth(2).waitFor();
  const [first, ...others] = await names(page);
  // By keyboard alone: the focus stays on the button that moves.
  const down = page.getByRole('button', { name: `${first} 아래로 옮기기` });
  await down.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  assert.deepEqual(await names(page), [...others, first]);
  assert.ok(await down.evaluate((one) => one === document.activeElement));
  await page.waitForFunction((text) => document.querySelector('.attachments [role=status]').textContent.includes(text), `${first}, 3개 중 3번째`);
  const removal = items(page).first().getByRole('button', { name: /^빼기/ });
  await removal.focus();
  await page.keyboard.press('Enter');
  assert.equal(await items(page).count(), 2);
  assert.ok(await items(page).first().evaluate((one) => one.contains(document.activeElement)), 'the focus goes to the neighbour');
  await button(page, '등록').click();
  await sent(page);
  assert.deepEqual(await page.locator('.download bdi').allTextContents(), [others[1], first]);
  const [address] = await addresses(page);
  assert.equal((await member.client.get(address)).bytes.length, 20_000);
});

test('the draft shows its attachments on another device, and what was taken away is gone', async () => {
  const member = await newMember();
  const page = await openForm(member);
  await choose(page, file('두고 온 파일.pdf'), file('뺀 파일.pdf'));
  await items(page).nth(1).waitFor();
  await items(page).filter({ hasText: '뺀 파일' }).getByRole('button', { name: /^빼기/ }).click();
  const other = await openForm(member);
  await items(other).first().waitFor();
  await other.waitForFunction(() => document.querySelectorAll('.attachment').length === 1);
  assert.deepEqual(await names(other), ['두고 온 파일.pdf']);
});

test('an upload goes on where it was after the connection was cut', async () => {
  const member = await newMember();
  const page = await openForm(member, { mayFail: true });
  const { slow, cut, back } = await network(page);
  await slow(4_000_000);
  const begun = [];
  page.on('request', (request) => request.url().endsWith('/files') && begun.push(request.method()));
  await choose(page, file('큰 영상.mp4', large));
  await page.getByText(/올리는 중 [2-9]\d%/).waitFor();
  await cut();
  await uploads(page).getByText('연결이 끊겼습니다. 연결되면 이어서 올립니다.').waitFor();
  await back();
  await items(page).first().waitFor({ timeout: 40_000 });
  assert.deepEqual(begun, ['POST'], 'it is the same upload');
  await button(page, '등록').click();
  await sent(page);
  const [address] = await addresses(page);
  assert.equal((await member.client.get(address)).bytes.length, large);
});

test('an upload survives the death of the app server that receives it', async () => {
  const member = await newMember();
  const page = await openForm(member, { mayFail: true });
  const { slow, back } = await network(page);
  await slow(3_000_000);
  await choose(page, file('큰 녹음.m4a', large));
  await page.getByText(/올리는 중 [2-9]\d%/).waitFor();
  // Whichever it is: one after the other is killed, and what supervises it brings it back.
  for (const { app } of await status()) {
    await stack('kill', app);
    await soon(async () => assert.ok((await status()).every(({ health }) => health === 'ok')));
  }
  await back();
  await items(page).first().waitFor({ timeout: 60_000 });
  await button(page, '등록').click();
  await sent(page);
  const [address] = await addresses(page);
  assert.equal((await member.client.get(address)).bytes.length, large);
});

test('after a reload, choosing the same file goes on with its upload', async () => {
  const member = await newMember();
  const page = await openForm(member, { mayFail: true });
  const { slow, back } = await network(page);
  const path = `${(await facts()).run_dir}/큰 문서.pdf`;
  await writeFile(path, randomBytes(large));
  await slow(4_000_000);
  await page.locator('#upload').setInputFiles(path);
  await page.getByText(/올리는 중 [3-9]\d%/).waitFor();
  page.once('dialog', (dialog) => dialog.accept());
  await page.reload();
  await page.getByText('올리다 만 파일이 있습니다: 큰 문서.pdf. 같은 파일을 다시 고르면 이어서 올립니다.').waitFor();
  assert.equal(await page.getByLabel(/^내용/).inputValue(), '본문', 'the typed text is there as well');
  const begun = [];
  page.on('request', (request) => request.url().endsWith('/files') && begun.push(request.method()));
  await back();
  await page.locator('#upload').setInputFiles(path);
  await items(page).first().waitFor({ timeout: 40_000 });
  assert.deepEqual(begun, []);
  assert.ok(await page.getByText('올리다 만 파일이').isHidden());
  await rm(path);
});

test('a refused file says why at its row, the others go on, and the form asks before it goes without it', async () => {
  const member = await newMember();
  const page = await openForm(member);
  await page.locator('.attachments').evaluate((one) => { one.dataset.attachmentsMaxValue = 50_000; });
  await choose(page, file('\u3164'), file('큰 파일.iso', 60_000), file('알맞은 파일.txt'));
  await uploads(page).getByText('파일 이름이 없습니다. 이름을 바꾸어 다시 올려 주세요.').waitFor(); // the server's own sentence
  await uploads(page).filter({ hasText: '큰 파일.iso' }).getByText(/^파일이 너무 큽니다. 파일 하나에/).waitFor();
  await items(page).first().waitFor();
  assert.deepEqual(await names(page), ['알맞은 파일.txt']);
  await button(page, '등록').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('올리지 못한 파일이 2개 있습니다. 이 파일을 빼고 저장할까요?').waitFor();
  await button(dialog, '취소').click();
  assert.equal(await page.getByLabel(/^내용/).inputValue(), '본문');
  await button(page, '등록').click();
  await button(dialog, '빼고 저장').click();
  await sent(page);
  assert.deepEqual(await page.locator('.download bdi').allTextContents(), ['알맞은 파일.txt']);
});

test('a form that is sent too early waits for its files and sends itself', async () => {
  const member = await newMember();
  const page = await openForm(member);
  const { slow } = await network(page);
  await slow(8_000_000);
  await choose(page, file('큰 영상.mp4', large), file('안내문.hwp'));
  await page.getByText(/올리는 중/).first().waitFor();
  await button(page, '등록').click();
  await page.locator('.attachments .notice-warning').getByText(/개를 올리고 있습니다. 다 올라가면 자동으로 저장합니다./).waitFor();
  await page.waitForFunction(() => document.querySelector('.attachments [role=status]').textContent.includes('자동으로 저장합니다'));
  await sent(page);
  assert.equal((await addresses(page)).length, 2);
});

test('a picture that is pasted and a file that is dropped become attachments; a text is pasted as a text', async () => {
  const member = await newMember();
  const page = await openForm(member);
  await page.evaluate(() => {
    const paste = (fill) => {
      const clipboardData = new DataTransfer();
      fill(clipboardData);
      document.getElementById('content').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    };
    paste(({ items }) => items.add(new File(['abc'], 'image.png', { type: 'image/png' })));
    paste(({ items }) => { items.add('글', 'text/plain'); items.add(new File(['def'], 'image.png', { type: 'image/png' })); });
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['끌어온 내용'], '끌어온 파일.txt'));
    document.getElementById('content').dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  });
  await items(page).nth(1).waitFor();
  const [dropped, pasted] = (await names(page)).sort();
  assert.equal(dropped, '끌어온 파일.txt');
  assert.match(pasted, /^붙여 넣은 사진 \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.png$/);
  await page.getByLabel('사진 설명').fill('붙여 넣은 그림');
  await button(page, '등록').click();
  await sent(page);
});

test('the texts of pictures survive a reload, and a new attachment does not make a draft look older than its post', async () => {
  const member = await newMember();
  const { location } = await member.client.post(`${board}/write`, { form: { title: '글', content: '처음 본문' } });
  const page = await openPage({ as: member.client });
  await page.goto(`${location}/edit`);
  await page.locator('.attachments-live').waitFor();
  await page.getByLabel(/^내용/).fill('고치던 본문');
  await choose(page, { name: '운동회.jpg', mimeType: 'image/jpeg', buffer: photograph });
  await page.getByLabel('사진 설명').fill('이어달리기');
  await page.waitForFunction(() => JSON.stringify({ ...localStorage }).includes('이어달리기'));
  await page.reload();
  const notice = page.locator('.draft-notice');
  await notice.getByText('보내지 않은 내용이 이 브라우저에 있습니다.').waitFor();
  await button(notice, '불러오기').click();
  assert.equal(await page.getByLabel('사진 설명').inputValue(), '이어달리기');
});

test('without a script the button stores the files and the form comes back with what was typed', async () => {
  const member = await newMember();
  const page = await openPage({ as: member.client, javaScriptEnabled: false });
  await page.goto(`${board}/write`);
  await page.getByLabel(/^제목/).fill('스크립트 없이');
  await page.getByLabel(/^내용/).fill('쓰던 본문');
  await choose(page, file('안내문.hwp'), file('명단.xlsx'));
  await button(page, '파일 올리기').click();
  assert.equal(await page.getByLabel(/^내용/).inputValue(), '쓰던 본문');
  assert.deepEqual((await names(page)).sort(), ['명단.xlsx', '안내문.hwp']);
  await items(page).filter({ hasText: '명단' }).getByRole('checkbox', { name: /^빼기/ }).check();
  await button(page, '등록').click();
  assert.deepEqual(await page.locator('.download bdi').allTextContents(), ['안내문.hwp']);
});

for (const viewport of screens) {
  for (const colorScheme of ['light', 'dark']) {
    test(`the field with rows of every state is accessible, ${viewport.width} px wide, ${colorScheme}`, async () => {
      const member = await newMember();
      const page = await openForm(member, { viewport, colorScheme });
      await choose(page, file('안내문.hwp'), file('운동회.jpg', 3000, 'image/jpeg'));
      await items(page).nth(1).waitFor();
      const { slow } = await network(page);
      await slow(1_000_000);
      await choose(page, file('큰 영상.mp4', large), file('\u3164'));
      await page.getByText(/올리는 중/).first().waitFor();
      await uploads(page).getByText(/파일 이름이 없습니다/).waitFor();
      assert.match(await announced(page).textContent(), /./);
      await assertAccessible(page, 'the form');
    });
  }
}
