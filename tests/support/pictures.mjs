// Pictures of the Site with what is live in it, on a fresh stack with demo data: node tests/support/pictures.mjs FOLDER.
// docs/picture-home.png and docs/picture-live.png are two of them.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { Client, siteUrl } from './client.mjs';
import { logIn, ownAddress } from './members.mjs';

const [folder = 'pictures'] = process.argv.slice(2);
const sizes = { docs: { width: 1280, height: 900 }, wide: { width: 1440, height: 900 }, narrow: { width: 360, height: 740 } };
const articleHeight = 1052;  // the docs' picture ends with who is writing
const titles = ['보조기기 대여 후기', '내일 급식은 무엇인가요?', '사진 동아리에서 함께해요'];
const longestWaitMs = 15_000;
const board = '/boards/free';

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const [reader, ...others] = await Promise.all(['member', 'staff', 'admin'].map((name) => logIn(`${name}@minschool.test`)));

async function open(path, size, client = new Client()) {
  const context = await browser.newContext({ baseURL: siteUrl, locale: 'ko-KR', timezoneId: 'Asia/Seoul', viewport: sizes[size], extraHTTPHeaders: { 'x-forwarded-for': ownAddress() } });
  context.setDefaultTimeout(longestWaitMs);
  const cookies = [...client.cookies].filter(([name]) => name !== 'flash');
  await context.addCookies(cookies.map(([name, value]) => ({ name, value, url: siteUrl, httpOnly: true, sameSite: 'Lax' })));
  const page = await context.newPage();
  const stream = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/events' && answer.ok()).catch(() => {});
  await page.goto(path);
  if (await page.locator('[data-live]').count()) await stream;
  return page;
}

async function take(page, name, options) {
  await page.screenshot({ path: join(folder, `${name}.png`), ...options });
  await page.context().close();
}

const act = async (client, path, form) => {
  const answer = await client.post(path, { form });
  if (answer.status !== 303) throw new Error(`${path}: ${answer.status}`);
  return answer.location;
};
const write = (client, title, content) => act(client, `${board}/write`, { title, content });

async function newPost() {
  const [staff, admin] = others;
  const path = await write(reader, '주말 산책 모임 시간을 정해요', '이번 주 토요일에 다온천 산책로를 함께 걸어요. 오전 열 시와 오후 두 시 가운데 언제가 좋으세요?\n\n- 모이는 곳: 센터 정문\n- 준비물: 물, 편한 신발');
  const id = path.split('/').pop();
  await act(staff, `/posts/${id}/comments`, { content: '저는 **오전 열 시**가 좋아요. 경사로가 있는 길로 가면 휠체어도 괜찮습니다.' });
  await act(admin, `/posts/${id}/like`, {});
  return { path, id };
}

/** The post right after a new comment, while another member is writing. */
async function takePost(size) {
  const [staff, admin] = others;
  const { path, id } = await newPost();
  const page = await open(path, size, reader);
  await act(admin, `/posts/${id}/comments`, { content: '오후 두 시도 괜찮습니다. 그날 비 소식이 있으면 실내 체조로 바꿀게요.' });
  await page.locator('.comment-new').waitFor();
  await staff.post(`/posts/${id}/typing`);
  await page.locator(`#typing-${id}`).filter({ hasText: '댓글을 쓰고 있습니다' }).waitFor();
  const clip = size === 'docs' && { x: 0, y: 0, width: sizes.docs.width, height: articleHeight };
  await take(page, `post-${size}`, { fullPage: true, ...(clip && { clip }) });
}

async function takeList(size) {
  const page = await open(board, size, reader);
  for (const title of titles) await write(others[0], title, '본문');
  await page.locator('.news a').filter({ hasText: '3개' }).waitFor();
  await take(page, `list-${size}`);
}

for (const size of Object.keys(sizes)) {
  await takePost(size);
  await take(await open('/', size), `home-${size}`);
  await takeList(size);
  for (const [name, path] of [['notifications', '/notifications'], ['online', '/online'], ['home-member', '/']]) {
    await take(await open(path, size, reader), `${name}-${size}`);
  }
}
await browser.close();
