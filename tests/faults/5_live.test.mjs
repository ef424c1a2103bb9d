// Open pages: that their check sees what it has to see, and what they hear while parts are killed at random.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { soak } from '../../drill/faults/soak.mjs';
import { Page, compare } from '../../drill/heard.mjs';
import { testShortly } from './short.mjs';

test('what is missing, comes twice, out of its order or is not expected is counted', () => {
  const none = { missed: 0, twice: 0, disordered: 0, strange: 0 };
  assert.deepEqual(compare([1, 2, 3], [1, 2, 3]), none);
  assert.deepEqual(compare([1, 2, 3], [1, 3]), { ...none, missed: 1 });
  assert.deepEqual(compare([1, 2, 3], [1, 2, 2, 3, 1]), { ...none, twice: 2 });
  assert.deepEqual(compare([1, 2, 3], [1, 3, 2]), { ...none, disordered: 1 });
  assert.deepEqual(compare([1, 2, 3], [1, 2, 3, 4]), { ...none, strange: 1 });
});

test('an open page that shows anything else than PostgreSQL has is found', () => {
  const comment = (id) => `<turbo-stream action="comment" target="comments-7" comment="${id}" >`;
  const bell = (unread) => `<turbo-stream action="announce" text="x"></turbo-stream><span class="bell-count" aria-hidden="true">${unread}</span>`;
  const truth = { p7: { number: 3, items: [[1, 11], [2, 12], [3, 13]] }, u5: { number: 9, unread: 4, items: [[8, 8], [9, 9]] } };
  const judge = (...events) => {
    const page = new Page('p7:1,u5:8');
    for (const [id, data, event = 'message'] of events) page.hear({ event, id, data });
    const { missed, twice, disordered } = page.judge(truth);
    return [missed, twice, disordered, page.reloads];
  };
  const [two, three, told] = [['p7:2,u5:8', comment(12)], ['p7:3,u5:8', comment(13)], ['p7:3,u5:9', bell(4)]];
  assert.deepEqual(judge(two, three, told), [0, 0, 0, 0]);
  assert.deepEqual(judge(['p7:3,u5:8', comment(12) + comment(13)], told), [0, 0, 0, 0]);
  assert.deepEqual(judge(three, told), [1, 0, 0, 0]);
  assert.deepEqual(judge(two, three), [1, 0, 0, 0]);
  assert.deepEqual(judge(two, three, ['p7:3,u5:9', bell(5)]), [1, 0, 0, 0]);
  assert.deepEqual(judge(two, ['p7:3,u5:8', comment(12) + comment(13)], told), [0, 1, 0, 0]);
  assert.deepEqual(judge(['p7:3,u5:8', comment(13) + comment(12)], told), [0, 0, 1, 0]);
  assert.deepEqual(judge(two, three, two, told), [0, 0, 1, 0]);
  assert.deepEqual(judge(['p7:3,u5:9', 'reload', 'reload']), [0, 0, 0, 1]);
});

await testShortly(soak);
