// A mention that matches no member is shown to its author before it is sent; the API reports it afterwards.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { assertKoreanPage, assertProblem } from '../support/assert.mjs';
import { Api } from '../support/openapi.mjs';
import { newMember, visitor } from '../support/members.mjs';

const [writer, named] = [await newMember(), await newMember()];
const nobody = `@아무도${randomUUID().slice(0, 6)}`;
const unknownNames = /role="status">알림이 가지 않는 이름: ([^<]*)</;
const shownIn = ({ text }) => /name="unresolved" value="([^"]+)"/.exec(text)?.[1];

/** Sends a form that names `nobody`: it is shown again once with its text, and is accepted with the field of shown names. */
async function comesBackOnce(path, fields) {
  const content = `${nobody}님, \`@코드\`, hong@example.kr, @${named.name}님`;
  const post = (more) => writer.client.post(path, { form: { ...fields, content, ...more } });
  const first = await post({ unresolved: '' });
  assertKoreanPage(first, 422);
  assert.match(first.text, /그대로 올리려면 다시 눌러 주세요/);
  assert.equal(unknownNames.exec(first.text)[1], `${nobody}님`);
  assert.ok(first.text.includes(content), 'what was typed');
  const shown = shownIn(first);
  assert.equal(shown, `${nobody}님`);
  const again = await post({ unresolved: shown });
  assert.equal(again.status, 303, again.text.slice(0, 300));
  return again.location;
}

test('a post, a comment, a reply and their edits with an unknown name are shown again once', async () => {
  const post = await comesBackOnce('/boards/free/write', { title: '이름' });
  const id = post.split('/').at(-1);
  await comesBackOnce(`${post}/edit`, { title: '이름' });
  const comment = (await comesBackOnce(`/posts/${id}/comments`, {})).split('#c').at(-1);
  await comesBackOnce(`/posts/${id}/comments`, { parent_id: comment });
  await comesBackOnce(`/comments/${comment}/edit`, {});
});

test('a form with another error reports both at once; one without unknown names is accepted', async () => {
  const wrong = await writer.client.post('/boards/free/write', { form: { title: '', content: nobody, unresolved: '' } });
  assertKoreanPage(wrong, 422);
  assert.match(wrong.text, unknownNames);
  assert.equal((await writer.client.post('/boards/free/write', { form: { title: '제목', content: nobody, unresolved: shownIn(wrong) } })).status, 303);
  for (const content of [`@${named.name}`, '`@코드`', 'hong@example.kr', '오후 3시 @ 강당']) {
    const answer = await writer.client.post('/boards/free/write', { form: { title: '제목', content, unresolved: '' } });
    assert.equal(answer.status, 303, content);
  }
  const later = await writer.client.post('/boards/free/write', { form: { title: '제목', content: `${nobody} ${nobody}둘`, unresolved: nobody } });
  assertKoreanPage(later, 422);
});

test('unknown names are not reported to a viewer without the right to write', async () => {
  const guest = await visitor().post('/boards/free/write', { form: { title: '제목', content: nobody, unresolved: '' } });
  assertKoreanPage(guest, 401);
  assert.doesNotMatch(guest.text, unknownNames);
  assertKoreanPage(await writer.client.post('/boards/notice/write', { form: { title: '제목', content: nobody, unresolved: '' } }), 403);
});

test('the list of unknown names is for members, and limited per minute', async () => {
  const one = await newMember();
  const ask = (content, client = one.client) => client.post('/mentions', { form: { content } });
  assert.deepEqual((await ask(`${nobody} @${named.name} \`@코드\` @${named.name}#1`)).json(), [nobody, `@${named.name}#1`]);
  assert.deepEqual((await ask('아무도')).json(), []);
  assertProblem(await ask(nobody, visitor()), 401);
  const answers = await Promise.all(Array.from({ length: 125 }, () => ask(nobody)));
  assert.ok(answers.some(({ status }) => status === 429));
  // Beyond the limit of queries a form can still be sent, and is shown again.
  assertKoreanPage(await one.client.post('/boards/free/write', { form: { title: '제목', content: nobody, unresolved: '' } }), 422);
});

test('the API writes at once, and reports which names are nobody\'s', async () => {
  const api = new Api(writer.client);
  const content = `${nobody} @${named.name}`;
  const post = await api.call(201, 'POST', '/boards/{slug}/posts', { slug: 'free' }, { json: { title: '이름', content } });
  assert.deepEqual(post.body.unresolved_mentions, [nobody]);
  const { id } = post.body;
  assert.deepEqual((await api.call(200, 'PATCH', '/posts/{id}', { id }, { json: { content: `@${named.name}` } })).body.unresolved_mentions, []);
  const options = { json: { content }, headers: { 'idempotency-key': randomUUID() } };
  for (let times = 0; times < 2; times++) {
    assert.deepEqual((await api.call(201, 'POST', '/posts/{id}/comments', { id }, options)).body.unresolved_mentions, [nobody]);
  }
  assert.ok(!('unresolved_mentions' in (await api.call(200, 'GET', '/posts/{id}', { id })).body));
});
