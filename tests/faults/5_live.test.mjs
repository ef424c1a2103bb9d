// Open pages: their check finds every kind of difference, and their events are complete while parts are killed at random.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { soak } from '../../drill/faults/soak.mjs';
import { Page, compare } from '../../drill/open_page.mjs';
import { testQuick } from './quick.mjs';

test('events that are missing, doubled, out of order or unexpected are counted', () => {
  const none = { missed: 0, twice: 0, disordered: 0, unexpected: 0 };
  assert.deepEqual(compare([1, 2, 3], [1, 2, 3]), none);
  assert.deepEqual(compare([1, 2, 3], [1, 3]), { ...none, missed: 1 });
  assert.deepEqual(compare([1, 2, 3], [1, 2, 2, 3, 1]), { ...none, twice: 2 });
  assert.deepEqual(compare([1, 2, 3], [1, 3, 2]), { ...none, disordered: 1 });
  assert.deepEqual(compare([1, 2, 3], [1, 2, 3, 4]), { ...none, unexpected: 1 });
});

test('an open page that shows anything other than PostgreSQL holds is found', () => {
  const comment = (id) => `<turbo-stream action="comment" target="comments-7" comment="${id}" >`;
  const bell = (unread) => `<turbo-stream action="announce" text="x"></turbo-stream><span class="bell-count" aria-hidden="true">${unread}</span>`;
  const truth = { p7: { number: 3, items: [[1, 11], [2, 12], [3, 13]] }, u5: { number: 9, unread: 4, items: [[8, 8], [9, 9]] } };
  const compareAfter = (...events) => {
    const page = new Page('p7:1,u5:8');
    for (const [id, data, event = 'message'] of events) page.receive({ event, id, data });
    const { missed, twice, disordered } = page.compareWith(truth);
    return [missed, twice, disordered, page.reloads];
  };
  const [two, three, notification] = [['p7:2,u5:8', comment(12)], ['p7:3,u5:8', comment(13)], ['p7:3,u5:9', bell(4)]];
  assert.deepEqual(compareAfter(two, three, notification), [0, 0, 0, 0]);
  assert.deepEqual(compareAfter(['p7:3,u5:8', comment(12) + comment(13)], notification), [0, 0, 0, 0]);
  assert.deepEqual(compareAfter(three, notification), [1, 0, 0, 0]);
  assert.deepEqual(compareAfter(two, three), [1, 0, 0, 0]);
  assert.deepEqual(compareAfter(two, three, ['p7:3,u5:9', bell(5)]), [1, 0, 0, 0]);
  assert.deepEqual(compareAfter(two, ['p7:3,u5:8', comment(12) + comment(13)], notification), [0, 1, 0, 0]);
  assert.deepEqual(compareAfter(['p7:3,u5:8', comment(13) + comment(12)], notification), [0, 0, 1, 0]);
  assert.deepEqual(compareAfter(two, three, two, notification), [0, 0, 1, 0]);
  assert.deepEqual(compareAfter(['p7:3,u5:9', 'reload', 'reload']), [0, 0, 0, 1]);
});

await testQuick(soak);
