// A page loads nothing from third parties without a click, whatever members wrote.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client, adminUrl } from '../support/client.mjs';
import { newMember, visitor } from '../support/members.mjs';

const policyOf = (answer) => {
  const directives = answer.headers['content-security-policy'].split(';').map((directive) => directive.trim().split(/\s+/));
  return Object.fromEntries(directives.map(([name, ...sources]) => [name, sources.join(' ')]));
};

test('pages let nothing of other sites load', async () => {
  for (const answer of [await visitor().get('/'), await visitor().get('/login'), await visitor().get('/nowhere'), await new Client(adminUrl).get('/login')]) {
    const policy = policyOf(answer);
    assert.equal(policy['default-src'], "'self'");
    assert.equal(policy['img-src'], "'self' data:");
    for (const [name, sources] of Object.entries(policy)) {
      assert.ok(!/https?:|\*/.test(sources), `${name} ${sources}`);
    }
  }
});

test('pictures that members write become links', async () => {
  const { client } = await newMember();
  const content = ['![사진](https://elsewhere.example/p.gif)', '[![](https://elsewhere.example/q.gif)](https://b.example)',
    '<img src="https://elsewhere.example/r.gif">', '|가|나|\n|-|-|\n|![x](https://elsewhere.example/s.gif)|[신청](https://a.example/form)|'].join('\n\n');
  const { location } = await client.post('/boards/free/write', { form: { title: '사진', content } });
  const { text } = await client.get(location);
  const prose = /<div class="prose">[^]*?<\/div>/.exec(text)[0];
  assert.doesNotMatch(prose, /<img|<[^>]*\ssrc=/);
  assert.match(prose, /<a href="https:\/\/elsewhere\.example\/p\.gif" rel="nofollow ugc noopener">사진<\/a>/);
  assert.match(prose, /<td><a href="https:\/\/elsewhere\.example\/s\.gif"[^>]*>x<\/a><\/td>/);
  assert.match(prose, /<td><a href="https:\/\/a\.example\/form"[^>]*>신청<\/a><\/td>/);
});
