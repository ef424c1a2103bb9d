// The same write comes several times at once, to several servers: it happens once, and every answer names the same row.
import { randomBytes, randomUUID } from 'node:crypto';

import { everywhere, joined, numbers } from '../../tests/support/members.mjs';

/** The ways in which one write comes more than once: what each repetition sends. */
const ways = {
  'a form sent twice': async (client, board, id) => {
    const path = `/boards/${board}/write`;
    const once = /name="once" value="([^"]+)"/.exec((await client.get(path)).text.split(`action="${path}"`)[1])[1];
    return ['POST', path, { form: { once, title: id, content: id } }];
  },
  'the same Idempotency-Key': async (client, board, id) =>
    ['POST', `/api/v1/boards/${board}/posts`, { headers: { 'idempotency-key': randomUUID() }, json: { title: id, content: id } }],
  'the same X-Request-Id, as when Nginx asks the next server': async (client, board, id) =>
    ['POST', `/api/v1/boards/${board}/posts`, { headers: { 'x-request-id': randomBytes(16).toString('hex') }, json: { title: id, content: id } }],
};

const resultOf = ({ status, location, text }) => `${status} ${location?.split('?')[0] ?? JSON.parse(text).id}`;
const good = /^(201|303) /;

async function several(course, way, clients) {
  const { ledger, people } = course;
  const id = ledger.newId();
  const words = await ways[way](clients[0], people.board, id);
  ledger.begin(id, 'post');
  const answers = await Promise.all([...clients, ...clients].map((client) => client.request(...words)));
  const results = new Set(answers.map(resultOf));
  if (results.size !== 1 || !good.test([...results][0])) return course.violate(`${way}: the answers differ: ${[...results].join(', ')}`);
  ledger.done(id, answers[0].status === 201 ? answers[0].json().id : Number(/\/(\d+)(?:\?|$)/.exec(answers[0].location)[1]));
}

export const once = [{
  name: 'double-click',
  title: `the same write ${2 * numbers.length} times at once on ${numbers.length} servers`,
  async run(course) {
    const { client } = await joined();
    const clients = await everywhere(client);
    for (let round = 0; round < (course.quick ? 3 : 30); round++) {
      for (const way of Object.keys(ways)) await several(course, way, clients);
    }
  },
}];
