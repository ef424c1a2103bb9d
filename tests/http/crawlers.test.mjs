// Search engines find one address for each page, and no missing page.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertProblem } from '../support/assert.mjs';
import { Client, siteUrl } from '../support/client.mjs';
import { newMember } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const guest = new Client();
const [[slug, posts]] = await sql(`select slug, visible_posts from boards where slug = 'free'`);
const [[post]] = await sql(`select p.id from posts p join boards b on b.id = p.board_id where b.slug = 'free' and p.visible order by p.id desc limit 1`);
const last = Math.ceil(Number(posts) / 20);
const canonical = ({ text }) => /<link rel="canonical" href="([^"]*)">/.exec(text)?.[1];
const isNotListed = ({ text }) => /<meta name="robots" content="noindex">/.test(text);

test('a missing page of a list redirects to an existing one', async () => {
  for (const page of [99999, 0, -3, last + 1, '9223372036854775807']) {
    const answer = await guest.get(`/boards/${slug}?page=${page}`);
    assert.equal(answer.status, 303, `${page}`);
    assert.match(answer.location, Number(page) > 0 ? new RegExp(`^/boards/${slug}\\?page=\\d+$`) : new RegExp(`^/boards/${slug}$`));
    assert.equal((await guest.get(answer.location)).status, 200);
  }
});

test('a missing page of comments redirects to an existing one', async () => {
  const answer = await guest.get(`/boards/${slug}/${post}?comments=99999`);
  assert.equal(answer.status, 303);
  assert.equal((await guest.get(answer.location)).status, 200);
});

test('pages for search engines name their canonical address', async () => {
  const addresses = { '/': '/', '/terms': '/terms', '/privacy': '/privacy', [`/boards/${slug}`]: `/boards/${slug}`, [`/boards/${slug}?page=1`]: `/boards/${slug}`,
    [`/boards/${slug}?page=2`]: `/boards/${slug}?page=2`, [`/boards/${slug}?x=1`]: `/boards/${slug}`, [`/boards/${slug}/${post}?comments=1`]: `/boards/${slug}/${post}` };
  for (const [path, expected] of Object.entries(addresses)) {
    const answer = await guest.get(path);
    assert.ok(canonical(answer)?.endsWith(expected), `${path}: ${canonical(answer)}`);
    assert.match(canonical(answer), /^https?:\/\//);
    assert.equal(isNotListed(answer), false, path);
  }
});

test('forms, lists of people and refusals are not indexed', async () => {
  const member = await newMember();
  for (const path of ['/login', '/join', '/online', '/nothing']) assert.ok(isNotListed(await guest.get(path)), path);
  for (const path of ['/my', '/members/1', '/notifications', `/boards/${slug}/write`]) assert.ok(isNotListed(await member.client.get(path)), path);
});

test('a path with an extra slash redirects to the canonical address', async () => {
  const addresses = { [`/boards/${slug}/`]: `/boards/${slug}`, [`/boards/${slug}/?page=2`]: `/boards/${slug}?page=2`, [`//boards/${slug}`]: `/boards/${slug}`,
    [`/boards//${slug}///${post}/`]: `/boards/${slug}/${post}`, '/terms/': '/terms', '//': '/', '/login/?next=%2Fmy': '/login?next=%2Fmy' };
  for (const [path, expected] of Object.entries(addresses)) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await guest.request(method, siteUrl + path);
      assert.equal(answer.status, 308, `${method} ${path}`);
      assert.equal(answer.location, expected);
    }
  }
});

test('an extra slash redirects to no other site and to no missing page, and repeats no write', async () => {
  for (const path of ['//evil.example/', '//evil.example//', '/nothing/', '/%2Fevil.example/', '/boards/']) {
    assert.equal((await guest.request('GET', siteUrl + path)).status, 404, path);
  }
  assert.equal((await guest.post('/login/', { form: {} })).status, 404);
});

test('an API address with a trailing slash is not found', async () => {
  for (const path of ['/api/v1/boards/', '/api/v1/me/']) assertProblem(await guest.get(path), 404);
});

test('robots.txt exists', async () => {
  const answer = await guest.get('/robots.txt');
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /^text\/plain/);
  assert.match(answer.text, /^User-agent: \*$/m);
  assert.match(answer.text, /^Disallow: \/login$/m);
  assert.doesNotMatch(answer.text, /^Disallow: \/$/m);
});
