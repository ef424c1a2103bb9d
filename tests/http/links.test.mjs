// Every link leads to an existing page, and every fragment to an existing element.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { adminUrl, siteUrl } from '../support/client.mjs';
import { logIn, newMember, visitor } from '../support/members.mjs';

const mostPages = 250;
const mostRedirects = 3;

const unescape = (text) => text.replace(/&amp;/g, '&').replace(/&quot;/g, '"').replace(/&#39;/g, "'");
const linksOf = (html) => [...html.matchAll(/<a\b[^>]*\bhref="([^"]*)"/g)].map(([, href]) => unescape(href));
const hasId = (html, id) => html.includes(`id="${id}"`);

/** Asks as a browser does: the fragment of a redirect, or else the one asked for, is where it leads. */
async function follow(client, url) {
  let at = url;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const answer = await client.get(at.pathname + at.search);
    if (!answer.location) return { answer, at };
    const next = new URL(answer.location, at);
    if (!next.hash) next.hash = at.hash;
    at = next;
  }
  return assert.fail(`${url}: redirects without an end`);
}

async function crawl(client, base, starts) {
  const wanted = [...starts];
  const seen = new Set(wanted);
  const pages = new Map(); // path and query → html
  const wrong = [];
  const places = [];
  while (wanted.length > 0 && pages.size < mostPages) {
    const path = wanted.shift();
    const { answer, at } = await follow(client, new URL(path, base));
    pages.set(path, answer.text);
    if (answer.status !== 200) {
      wrong.push(`${path}: ${answer.status}`);
      continue;
    }
    for (const href of linksOf(answer.text)) {
      const to = new URL(href, at);
      if (to.origin !== new URL(base).origin || to.pathname.startsWith('/assets/')) continue;
      const page = to.pathname + to.search;
      if (to.hash) places.push({ from: path, to });
      if (seen.has(page)) continue;
      seen.add(page);
      wanted.push(page);
    }
  }
  for (const { from, to } of places) {
    const path = to.pathname + to.search;
    if (!seen.has(`#${to.href}`)) {
      seen.add(`#${to.href}`);
      const { answer, at } = await follow(client, to);
      if (!hasId(answer.text, decodeURIComponent(at.hash.slice(1)))) wrong.push(`${from}: ${path}${to.hash} leads to nothing`);
    }
  }
  return wrong;
}

const author = await newMember();
const other = await newMember();

test('every link of a guest, a member and an author leads to an existing page', async () => {
  const post = (await author.client.post('/boards/free/write', { form: { title: `링크 ${randomUUID()}`, content: '본문' } })).location;
  const id = post.split('/').pop();
  const comment = async (client, content, parent) => (await client.post(`/posts/${id}/comments`, { form: { content, ...(parent ? { parent_id: parent } : {}) } })).location.split('#c').pop();
  const first = await comment(other.client, '댓글');
  await comment(author.client, '답글', first);
  const gone = await comment(other.client, '지울 댓글');
  await comment(author.client, '지운 댓글의 답글', gone);
  await other.client.post(`/comments/${gone}/delete`);
  for (const client of [visitor(), author.client, other.client]) {
    // A removed comment that has answers is a gap, and a link to it leads there.
    assert.deepEqual(await crawl(client, siteUrl, [post, `${post}?comment=${gone}#c${gone}`.split('#')[0], '/', '/notifications', '/my'].slice(0, client === author.client || client === other.client ? 5 : 3)), []);
    const { text } = await client.get(`${post}?comment=${gone}`);
    assert.ok(hasId(text, `c${gone}`), `the gap of ${gone}`);
  }
});

test('every link of the Admin leads to an existing page', async () => {
  const staff = await logIn('admin@minschool.test', { base: adminUrl });
  assert.deepEqual(await crawl(staff, adminUrl, ['/']), []);
});
