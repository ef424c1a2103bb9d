// The same write arrives several times at once at several servers: it is done once, and every answer names the same row.
import { randomBytes, randomUUID } from 'node:crypto';

import { atEachServer, newMember, serverNumbers } from '../../tests/support/members.mjs';

/** The ways in which one write arrives more than once, with the request that each repetition sends. */
const ways = {
  'a form sent twice': async (client, board, id) => {
    const path = `/boards/${board}/write`;
    const key = /name="once" value="([^"]+)"/.exec((await client.get(path)).text.split(`action="${path}"`)[1])[1];
    return ['POST', path, { form: { once: key, title: id, content: id } }];
  },
  'the same Idempotency-Key': async (client, board, id) =>
    ['POST', `/api/v1/boards/${board}/posts`, { headers: { 'idempotency-key': randomUUID() }, json: { title: id, content: id } }],
  'the same X-Request-Id, as when Nginx asks the next server': async (client, board, id) =>
    ['POST', `/api/v1/boards/${board}/posts`, { headers: { 'x-request-id': randomBytes(16).toString('hex') }, json: { title: id, content: id } }],
};

const resultOf = ({ status, location, text }) => `${status} ${location?.split('?')[0] ?? JSON.parse(text).id}`;
const succeeded = /^(201|303) /;

async function writeAtOnce(run, way, clients) {
  const { log, people } = run;
  const id = log.newId();
  const request = await ways[way](clients[0], people.board, id);
  log.begin(id, 'post');
  const answers = await Promise.all([...clients, ...clients].map((client) => client.request(...request)));
  const results = new Set(answers.map(resultOf));
  if (results.size !== 1 || !succeeded.test([...results][0])) return run.fail(`${way}: the answers differ: ${[...results].join(', ')}`);
  log.done(id, answers[0].status === 201 ? answers[0].json().id : Number(/\/(\d+)(?:\?|$)/.exec(answers[0].location)[1]));
}

export const duplicateWrites = [{
  name: 'double-click',
  title: `the same write ${2 * serverNumbers.length} times at once on ${serverNumbers.length} servers`,
  async run(run) {
    const { client } = await newMember();
    const clients = await atEachServer(client);
    for (let round = 0; round < (run.quick ? 3 : 30); round++) {
      for (const way of Object.keys(ways)) await writeAtOnce(run, way, clients);
    }
  },
}];
