// A member's day in a browser: sign up, log in, write, comment, edit, and log out.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { button, flash, link, openPage } from '../support/browser.mjs';
import { adminUrl } from '../support/client.mjs';
import { joinForm, logIn, newMember, password } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const board = '/boards/free';
const scripts = [['with JavaScript', true], ['without JavaScript', false]];

async function written({ client }, content = '본문') {
  const title = `글 ${randomUUID()}`;
  const answer = await client.post(`${board}/write`, { form: { title, content } });
  assert.equal(answer.status, 303);
  return { path: answer.location, title };
}
async function commented({ client }, { path }, content) {
  assert.equal((await client.post(`/posts/${path.split('/').pop()}/comments`, { form: { content } })).status, 303);
}
const isLoggedIn = (page) => button(page, '로그아웃').waitFor();
const comment = (page, text) => page.locator('.comment', { has: page.locator('.prose', { hasText: text }) });

async function fillJoin(page, form) {
  await page.getByLabel(/^이메일/).fill(form.email);
  await page.getByLabel(/^이름/).fill(form.name);
  await page.getByLabel(/^비밀번호 필수/).fill(form.password);
  await page.getByLabel(/^비밀번호 확인/).fill(form.password);
}

for (const [how, javaScriptEnabled] of scripts) {
  test(`sign up, log out and log in ${how}`, async () => {
    const page = await openPage({ javaScriptEnabled });
    const form = joinForm();
    await page.goto('/');
    await link(page, '회원가입').first().click();
    await fillJoin(page, form);
    await button(page, '가입하기').click();
    // The missing consent is reported, and the typed text is kept.
    await page.locator('.error-summary').waitFor();
    assert.equal(await page.getByLabel(/^이메일/).inputValue(), form.email);
    await page.getByLabel('이용약관에 동의합니다(필수)').check();
    await page.getByLabel('개인정보 수집·이용에 동의합니다(필수)').check();
    await page.getByLabel(/^비밀번호 필수/).fill(form.password);
    await page.getByLabel(/^비밀번호 확인/).fill(form.password);
    await button(page, '가입하기').click();
    await page.waitForURL('/');
    assert.match(await flash(page).textContent(), /가입해 주셔서/);
    assert.ok((await page.locator('.account').textContent()).includes(form.name));

    await button(page, '로그아웃').click();
    await link(page, '로그인').first().click();
    await page.getByLabel('이메일').fill(form.email);
    await page.getByLabel('비밀번호').fill('not-my-password');
    await button(page, '로그인').click();
    await page.locator('.error-summary').waitFor();
    assert.equal(await page.getByLabel('이메일').inputValue(), form.email);
    await page.getByLabel('비밀번호').fill(password);
    await button(page, '로그인').click();
    await isLoggedIn(page);
  });

  test(`write, edit and delete a post ${how}`, async () => {
    const page = await openPage({ as: (await newMember()).client, javaScriptEnabled });
    const title = `글 ${randomUUID()}`;
    await page.goto(board);
    await link(page, '글쓰기').click();
    await page.getByLabel(/^제목/).fill(title);
    await page.getByLabel(/^내용/).fill('첫 줄\n둘째 줄 **굵게**');
    await button(page, '등록').click();
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    assert.equal(await page.locator('.post .prose strong').textContent(), '굵게');
    const path = new URL(page.url()).pathname;

    await link(page, '수정').click();
    await page.getByLabel(/^제목/).fill(`${title} 고침`);
    await button(page, '저장').click();
    await page.getByRole('heading', { level: 1, name: `${title} 고침` }).waitFor();

    await button(page, '삭제').click();
    if (javaScriptEnabled) {
      const dialog = page.getByRole('dialog');
      await dialog.getByText('이 글을 삭제할까요?').waitFor();
      await button(dialog, '취소').click();
      await dialog.waitFor({ state: 'hidden' });
      await button(page, '삭제').click();
      await button(dialog, '삭제').click();
    }
    await page.waitForURL(board);
    await page.waitForFunction((gone) => !document.body.textContent.includes(gone), `${title} 고침`);
    assert.equal((await page.goto(path)).status(), 404);
  });

  test(`comment, reply, edit and delete ${how}`, async () => {
    const author = await newMember();
    const post = await written(author, '긴 글\n\n'.repeat(100));
    await commented(author, post, '먼저 쓴 댓글');
    const page = await openPage({ as: (await newMember()).client, javaScriptEnabled });
    await page.goto(post.path);
    await page.getByLabel('댓글 쓰기').fill('내 댓글');
    await button(page, '등록').last().click();
    await comment(page, '내 댓글').waitFor();

    const asked = comment(page, '먼저 쓴 댓글');
    const before = page.url();
    await asked.getByRole('link', { name: /^답글/ }).click();
    await asked.getByLabel('답글 쓰기').fill('내 답글');
    if (javaScriptEnabled) assert.equal(page.url(), before, 'the form opens in place');
    await button(asked, '등록').click();
    await page.locator('.comment-depth-1', { hasText: '내 답글' }).waitFor();
    await page.waitForFunction(() => {
      const { top } = document.querySelector('.comment-depth-1').getBoundingClientRect();
      return top >= 0 && top < innerHeight;
    });

    await link(comment(page, '내 댓글'), '수정').click();
    await page.getByLabel('내용').fill('고친 댓글');
    await button(page, '저장').click();
    await button(comment(page, '고친 댓글'), '삭제').click();
    if (javaScriptEnabled) await button(page.getByRole('dialog'), '삭제').click();
    await flash(page).filter({ hasText: '삭제했습니다' }).waitFor();
    await comment(page, '고친 댓글').waitFor({ state: 'detached' });
    await page.waitForFunction(() => {
      const { top, bottom } = document.querySelector('#comments').getBoundingClientRect();
      return top < innerHeight && bottom > 0;
    });
    assert.equal(await page.locator('.comment').count(), 2);
  });
}

test('a reply form that is opened twice is one form, closes, and gives the focus back', async () => {
  const author = await newMember();
  const post = await written(author);
  await commented(author, post, '첫째');
  await commented(author, post, '둘째');
  const page = await openPage({ as: author.client });
  await page.goto(post.path);
  const [first, second] = [comment(page, '첫째'), comment(page, '둘째')];
  const open = (where) => where.getByRole('link', { name: /^답글/ });
  await open(first).click();
  await first.getByLabel('답글 쓰기').fill('옮겨 가는 글');
  await open(second).click();
  const moved = second.getByLabel('답글 쓰기');
  assert.equal(await moved.inputValue(), '옮겨 가는 글');
  assert.ok(await moved.evaluate((field) => field === document.activeElement));
  assert.equal(await page.locator('.reply-slot form').count(), 1);
  await link(second, '취소').click();
  assert.equal(await page.locator('.reply-slot form').count(), 0);
  assert.ok(await open(second).evaluate((one) => one === document.activeElement));
});

test('a refused form says why, keeps the text, and focuses the first wrong field', async () => {
  const page = await openPage({ as: (await newMember()).client });
  await page.goto(`${board}/write`);
  const content = page.getByLabel(/^내용/);
  await content.fill('제목을 잊은 글');
  await button(page, '등록').click();
  await page.locator('.error-summary').waitFor();
  const title = page.getByLabel(/^제목/);
  await page.waitForFunction(() => document.activeElement?.id === 'title');
  assert.equal(await title.getAttribute('aria-invalid'), 'true');
  assert.equal(await content.inputValue(), '제목을 잊은 글');
  await title.fill('이제 제목이 있는 글');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: '이제 제목이 있는 글' }).waitFor();
});

test('typed text survives a lost page, and is removed once it was sent', async () => {
  const page = await openPage({ as: (await newMember()).client });
  await page.goto(`${board}/write`);
  await page.getByLabel(/^제목/).fill('쓰다 만 글');
  await page.getByLabel(/^내용/).fill('쓰다 만 본문');
  await page.reload();
  await page.getByText('작성하던 내용을 되살렸습니다.').waitFor();
  assert.equal(await page.getByLabel(/^내용/).inputValue(), '쓰다 만 본문');
  await button(page, '등록').click();
  await page.getByRole('heading', { level: 1, name: '쓰다 만 글' }).waitFor();
  await page.goto(`${board}/write`);
  assert.equal(await page.getByLabel(/^제목/).inputValue(), '');
});

test('back leads to the list, and after logging out not to a member\'s page', async () => {
  const author = await newMember();
  const post = await written(author);
  const page = await openPage({ as: author.client });
  await page.goto(board);
  await page.getByRole('link', { name: post.title }).click();
  await page.getByRole('heading', { level: 1, name: post.title }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: '자유게시판' }).waitFor();
  await page.getByRole('link', { name: post.title }).waitFor();
  await page.goto('/my');
  await button(page, '로그아웃').click();
  await link(page, '회원가입').first().waitFor();
  await page.goBack();
  await page.waitForURL(/\/login\?next=/);
  assert.equal(await page.getByText(author.email).count(), 0);
});

test('one logs out another of one\'s devices, which notices at the next click', async () => {
  const member = await newMember();
  const here = await openPage({ as: member.client });
  const there = await openPage({ as: await logIn(member.email) });
  await there.goto('/my');
  await here.goto('/my');
  const devices = here.locator('#devices');
  assert.equal(await devices.getByText('이 기기', { exact: true }).count(), 1);
  await devices.getByRole('button', { name: /^로그아웃/ }).click();
  await flash(here).waitFor();
  assert.equal(await devices.getByRole('listitem').count(), 1);
  await there.getByRole('link', { name: /내 정보/ }).click();
  await there.waitForURL(/\/login/);
  await here.reload();
  await isLoggedIn(here);
});

test('staff suspend a member, whose open browser is logged out at the next click', async () => {
  const member = await newMember();
  const [[id]] = await sql(`select id from users where email = '${member.email}'`);
  const page = await openPage({ as: member.client });
  await page.goto(board);
  await isLoggedIn(page);

  const staff = await openPage({ base: adminUrl });
  await staff.goto(`/members/${id}`);
  await staff.getByLabel('이메일').fill('admin@minschool.test');
  await staff.getByLabel('비밀번호').fill(password);
  await button(staff, '로그인').click();
  await staff.getByRole('heading', { name: member.name }).first().waitFor();
  await staff.locator('summary', { hasText: '이용 정지' }).click();
  await staff.getByLabel('기간').selectOption('7');
  await button(staff, '이용 정지하기').click();
  // Without a reason nothing happens.
  await staff.locator('[aria-invalid="true"]').waitFor();
  await staff.locator('details[open]').getByLabel(/^사유/).fill('브라우저 시험');
  await button(staff, '이용 정지하기').click();
  await flash(staff).waitFor();
  await staff.getByText('브라우저 시험').first().waitFor();

  await link(page, '글쓰기').click();
  await page.waitForURL(/\/login/);
  await page.getByLabel('이메일').fill(member.email);
  await page.getByLabel('비밀번호').fill(password);
  await button(page, '로그인').click();
  await page.getByText('이용이 정지된 회원입니다').waitFor();
  await button(staff, '로그아웃').click();
  await staff.waitForURL(/\/login|\/$/);
});

test('members log in and write with the keyboard alone', async () => {
  const member = await newMember();
  const page = await openPage();
  /** Goes from field to field until the focus is on what fits. */
  const tabTo = async (selector) => {
    for (let steps = 0; steps < 60; steps++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    }
    assert.fail(`the Tab key does not lead to ${selector}`);
  };
  await page.goto(`/login?next=${board}/write`);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip-link');
  await page.keyboard.press('Enter');
  await tabTo('#email');
  await page.keyboard.type(member.email);
  await tabTo('#password');
  await page.keyboard.type(password);
  await tabTo('#remember');
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${board}/write`);
  await isLoggedIn(page);
  await tabTo('#title');
  await page.keyboard.type('자판으로만 쓴 글');
  await tabTo('#content');
  await page.keyboard.type('본문도 자판으로');
  await tabTo('main button[type=submit]');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: '자판으로만 쓴 글' }).waitFor();
  await tabTo('form[action$="/delete"] button');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await tabTo('dialog [value=accept]');
  await page.keyboard.press('Enter');
  await page.waitForURL(board);
});
