// Drafts belong to one member, survive everything that may happen to a page, and are never lost without a message.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { button, flash, link, openPage } from '../support/browser.mjs';
import { newMember, password } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const board = '/boards/free';
const content = (page) => page.getByLabel(/^내용/);
const title = (page) => page.getByLabel(/^제목/);
const notice = (page) => page.locator('.draft-notice');

async function written({ client }, text = '처음 본문') {
  const answer = await client.post(`${board}/write`, { form: { title: `글 ${randomUUID()}`, content: text } });
  return answer.location;
}
async function login(page, email) {
  await page.getByLabel('이메일').fill(email);
  await page.getByLabel('비밀번호').fill(password);
  await button(page, '로그인').click();
}
/** All typed text that this browser stores. */
const kept = (page) => page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
const isKept = (page, text) => page.waitForFunction((wanted) => JSON.stringify({ ...localStorage }).includes(wanted), text);
/** Ends the member's logins as by expiry, without an action. */
const endLogins = (email) => sql(`select ms_revoke_sessions(id, ''::bytea) from users where email = '${email}'`);

test('a draft belongs to its member: it is gone after the logout, and the next member in the same tab never gets it', async () => {
  const [one, two] = [await newMember(), await newMember()];
  const page = await openPage({ as: one.client });
  await page.goto(`${board}/write`);
  await title(page).fill('남에게 보이면 안 되는 제목');
  await content(page).fill('남에게 보이면 안 되는 글');
  await isKept(page, '보이면 안 되는 글');
  await page.goto(board);
  // The logout removes it, and asks first.
  await button(page, '로그아웃').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('작성 중인 글이 있습니다. 로그아웃하면 이 기기에서 지워집니다.').waitFor();
  await button(dialog, '취소').click();
  await isKept(page, '보이면 안 되는 글');
  await button(page, '로그아웃').click();
  await button(dialog, '로그아웃').click();
  await link(page, '로그인').first().click();
  await login(page, two.email);
  await flash(page).waitFor();
  await page.goto(`${board}/write`);
  assert.equal(await content(page).inputValue(), '');
  assert.equal(await title(page).inputValue(), '');
  assert.ok(!(await kept(page)).includes('보이면 안 되는'));
});

test('a draft survives an expired login and a closed tab for its member, and no other member gets it', async () => {
  const [one, two] = [await newMember(), await newMember()];
  const page = await openPage({ as: one.client });
  await page.goto(`${board}/write`);
  await content(page).fill('탭이 닫혀도 남는 글');
  await isKept(page, '탭이 닫혀도');
  await endLogins(one.email);
  const context = page.context();
  await page.close();
  const next = await context.newPage();
  await next.goto(`/login?next=${board}/write`);
  await login(next, two.email);
  await next.waitForURL(`${board}/write`);
  assert.equal(await content(next).inputValue(), '');
  await button(next, '로그아웃').click();
  await next.goto(`/login?next=${board}/write`);
  await login(next, one.email);
  await next.waitForURL(`${board}/write`);
  await notice(next).waitFor();
  assert.equal(await content(next).inputValue(), '탭이 닫혀도 남는 글');
});

test('a reload during an edit offers the newer text with its age, and neither text is lost', async () => {
  const member = await newMember();
  const post = await written(member);
  const page = await openPage({ as: member.client });
  await page.goto(`${post}/edit`);
  await content(page).fill('고치던 본문');
  await page.reload();
  await notice(page).waitFor();
  assert.match(await notice(page).textContent(), /보내지 않은 내용이 이 브라우저에 있습니다. \(방금\)/);
  assert.equal(await content(page).inputValue(), '처음 본문', 'the stored text is not replaced without a word');
  // A visitor who types on without an answer loses neither text.
  await content(page).fill('다른 생각');
  await page.reload();
  await notice(page).waitFor();
  await button(notice(page), '불러오기').click();
  assert.equal(await content(page).inputValue(), '다른 생각');
  await button(notice(page), '불러오기').click();
  assert.equal(await content(page).inputValue(), '고치던 본문');
  await button(page, '저장').click();
  await page.locator('.post .prose', { hasText: '고치던 본문' }).waitFor();
});

test('a draft of an older version says that the stored text has changed since', async () => {
  const member = await newMember();
  const post = await written(member);
  const page = await openPage({ as: member.client });
  await page.goto(`${post}/edit`);
  await content(page).fill('여기서 고치던 본문');
  await isKept(page, '여기서 고치던');
  await sql(`update posts set content = '다른 기기에서 고친 본문', content_html = '<p>다른 기기에서 고친 본문</p>' where id = ${post.split('/').pop()}`);
  await page.reload();
  await notice(page).waitFor();
  assert.match(await notice(page).textContent(), /그 뒤에 저장된 내용이 바뀌었으니/);
  assert.equal(await content(page).inputValue(), '다른 기기에서 고친 본문');
  await button(notice(page), '지우기').click();
  assert.ok(await notice(page).isHidden());
  assert.ok(!(await kept(page)).includes('여기서 고치던'));
});

test('two tabs that write in the same form keep both texts: sending one takes only its own', async () => {
  const member = await newMember();
  const post = await written(member);
  const box = (page) => page.getByLabel('댓글 쓰기');
  for (const [path, field] of [[`${board}/write`, content], [post, box]]) {
    const one = await openPage({ as: member.client });
    const two = await one.context().newPage();
    await Promise.all([one, two].map((page) => page.goto(path)));
    await field(one).fill('첫째 창의 글');
    await isKept(one, '첫째 창의 글');
    await field(two).fill('둘째 창의 글');
    await isKept(two, '둘째 창의 글');
    assert.ok((await kept(one)).includes('첫째 창의 글'));
    await field(one).fill('첫째 창에서 보낸 글');
    if (field === content) await title(one).fill('두 창');
    await button(one, '등록').last().click();
    await one.locator('.prose', { hasText: '첫째 창에서 보낸 글' }).waitFor();
    await two.reload();
    await notice(two).first().waitFor();
    assert.equal(await field(two).inputValue(), '둘째 창의 글');
    assert.ok(!(await kept(two)).includes('첫째 창'), 'what was sent is kept no longer');
  }
});

test('a tab that was filled with another tab\'s draft does not take the text that is typed there', async () => {
  const member = await newMember();
  const one = await openPage({ as: member.client });
  await one.goto(`${board}/write`);
  await content(one).fill('먼저 쓰던 글');
  await isKept(one, '먼저 쓰던 글');
  const two = await one.context().newPage();
  await two.goto(`${board}/write`);
  await notice(two).waitFor();
  assert.equal(await content(two).inputValue(), '먼저 쓰던 글');
  await content(two).fill('따로 쓰는 글');
  await isKept(two, '따로 쓰는 글');
  await title(two).fill('두 창');
  await button(two, '등록').click();
  await two.getByRole('heading', { level: 1, name: '두 창' }).waitFor();
  await one.reload();
  await notice(one).waitFor();
  assert.equal(await content(one).inputValue(), '먼저 쓰던 글');
});

test('the draft of a reply belongs to one comment, and moves along with its form', async () => {
  const member = await newMember();
  const post = await written(member);
  for (const text of ['가', '나']) await member.client.post(`/posts/${post.split('/').pop()}/comments`, { form: { content: text } });
  const page = await openPage({ as: member.client });
  await page.goto(post);
  const open = (at) => page.getByRole('link', { name: /^답글/ }).nth(at).click();
  const field = page.getByLabel('답글 쓰기');
  await open(0);
  await field.fill('가에게 쓰던 답글');
  await page.reload();
  await open(1);
  assert.equal(await field.inputValue(), '');
  await link(page, '취소').click();
  await open(0);
  assert.equal(await field.inputValue(), '가에게 쓰던 답글');
  await open(1);
  await isKept(page, '가에게 쓰던 답글');
  await page.reload();
  await open(0);
  assert.equal(await field.inputValue(), '');
  await link(page, '취소').click();
  await open(1);
  assert.equal(await field.inputValue(), '가에게 쓰던 답글');
});

test('a text that begins with an empty line keeps it when it is edited', async () => {
  const member = await newMember();
  const post = await written(member);
  const id = post.split('/').pop();
  const text = '\n\n둘째 줄 아래';
  await sql(`update posts set content = E'\\n\\n둘째 줄 아래' where id = ${id}`);
  const page = await openPage({ as: member.client });
  await page.goto(`${post}/edit`);
  assert.equal(await content(page).inputValue(), text);
  await title(page).fill('');
  await button(page, '저장').click();
  await page.locator('.error-summary').waitFor();
  assert.equal(await content(page).inputValue(), text);
});

test('comments, replies and edited comments keep their empty lines, too', async () => {
  const member = await newMember();
  const post = await written(member);
  await member.client.post(`/posts/${post.split('/').pop()}/comments`, { form: { content: '먼저 쓴 댓글' } });
  const page = await openPage({ as: member.client });
  await page.goto(post);
  await page.getByLabel('댓글 쓰기').fill('쓰다 만 댓글');
  await page.getByRole('link', { name: /^답글/ }).click();
  await page.getByLabel('답글 쓰기').fill('쓰다 만 답글');
  await page.reload();
  assert.equal(await page.getByLabel('댓글 쓰기').inputValue(), '쓰다 만 댓글');
  await page.getByRole('link', { name: /^답글/ }).click();
  assert.equal(await page.getByLabel('답글 쓰기').inputValue(), '쓰다 만 답글');
  await button(page.locator('.reply-slot'), '등록').click();
  await page.locator('.comment-depth-1', { hasText: '쓰다 만 답글' }).waitFor();
  assert.ok(!(await kept(page)).includes('쓰다 만 답글'), 'what was sent is kept no longer');
  await link(page, '수정').last().click();
  await content(page).fill('고치다 만 댓글');
  await page.reload();
  await button(notice(page), '불러오기').click();
  assert.equal(await content(page).inputValue(), '고치다 만 댓글');
});

test('a form whose login has ended is sent after a login in place, and leaves no draft behind', async () => {
  const member = await newMember();
  const page = await openPage({ as: member.client });
  await page.goto(`${board}/write`);
  const name = `글 ${randomUUID()}`;
  await title(page).fill(name);
  await content(page).fill('로그인이 끝난 뒤에 보낸 글');
  await endLogins(member.email);
  await button(page, '등록').click();
  await page.getByRole('heading', { name: '로그인이 필요합니다' }).waitFor();
  await page.getByText('로그인이 끝난 뒤에 보낸 글').waitFor();
  await login(page, member.email);
  await page.getByRole('heading', { name: '쓰시던 내용' }).waitFor();
  assert.equal(await content(page).inputValue(), '로그인이 끝난 뒤에 보낸 글');
  await button(page, '다시 보내기').click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await page.goto(`${board}/write`);
  assert.equal(await content(page).inputValue(), '');
});

test('a form that gets no answer from the site stays as it is and says so', async () => {
  const member = await newMember();
  const page = await openPage({ as: member.client, mayFail: true });
  for (const [how, words] of [[{ status: 413, body: 'too large' }, /너무 커서/], [{ status: 429, body: '' }, /요청이 너무 많아/], [{ status: 502, body: '' }, /보내지 못했습니다/], [null, /인터넷에 연결/]]) {
    await page.goto(`${board}/write`);
    await title(page).fill('제목');
    await content(page).fill('보내지 못한 글');
    await page.route('**/write', (route) => (route.request().method() !== 'POST' ? route.continue() : how ? route.fulfill(how) : route.abort()));
    await button(page, '등록').click();
    await page.getByRole('alert').filter({ hasText: words }).waitFor();
    assert.equal(await content(page).inputValue(), '보내지 못한 글');
    await page.unroute('**/write');
  }
});

test('a text that is too long is counted, refused, and not cut off', async () => {
  const member = await newMember();
  const page = await openPage({ as: member.client });
  await page.goto(`${board}/write`);
  await title(page).fill('긴 글');
  const long = '가'.repeat(50_001);
  await content(page).fill(long);
  await page.locator('.letters-over', { hasText: '50,001 / 50,000자' }).waitFor();
  await button(page, '등록').click();
  await page.locator('.error-summary').waitFor();
  assert.equal((await content(page).inputValue()).length, long.length);
});
