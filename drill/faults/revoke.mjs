// A right or a session that was taken from a member is gone on every server with the next request, whatever Redis does.
import { adminUrl } from '../../tests/support/client.mjs';
import { atEachServer, logIn, newMember } from '../../tests/support/members.mjs';
import { sql } from '../../tests/support/stores.mjs';
import { stack, until } from '../drill.mjs';

const reason = '훈련';
const timeoutMs = 15_000;  // how long a drill watches what is held too long
const idOf = async (email) => (await sql(`select id from users where email = '${email}'`))[0][0];

async function act(run, id, what, form) {
  const admin = run.people.client(run.people.staff, adminUrl);
  const page = await admin.get(`/members/${id}`);
  const part = page.text.split(`action="/members/${id}/${what}"`)[1] ?? '';
  const key = /name="once" value="([^"]+)"/.exec(part)?.[1];
  const answer = await admin.post(`/members/${id}/${what}`, { form: { once: key, reason, ...form } });
  if (answer.status !== 303) throw new Error(`${what} in the Admin: ${answer.status}`);
}

/** What each app server, asked at the same time without Nginx, says about the visitor. */
const responsesTo = async (client) => Promise.all((await atEachServer(client)).map((one) => one.get('/api/v1/me')));
const loggedOut = async ({ client }) => (await responsesTo(client)).map(({ status }) => status === 401);

/** What is revoked, and whether each server has noticed: all of `revoked` must be true afterwards. */
const kinds = {
  'logout everywhere': {
    revoke: (run, { email }) => logIn(email).then((other) => other.post('/my/logout-everywhere')),
    revoked: loggedOut,
  },
  suspension: {
    revoke: (run, { id }) => act(run, id, 'suspend', { period: '7' }),
    revoked: loggedOut,
  },
  'role of staff': {
    async grant(run, { id }) { await act(run, id, 'role', { role: 'staff' }); },
    revoke: (run, { id }) => act(run, id, 'role', { role: 'member' }),
    revoked: async ({ client }) => (await responsesTo(client)).map((answer) => answer.json().role !== 'staff'),
  },
};

const states = {
  'Redis up': { begin() {}, end() {} },
  'Redis frozen': { begin: () => stack('redis', 'freeze'), end: () => stack('redis', 'thaw') },
  'Redis killed': { begin: () => stack('redis', 'kill'), end: () => stack('redis', 'start') },
  'Redis read-only': { begin: () => stack('redis', 'readonly'), end: () => stack('redis', 'well') },
};

async function holder(run, kind) {
  const one = await newMember();
  one.id = await idOf(one.email);
  await kinds[kind].grant?.(run, one);
  // Every process has the session and its permissions in its cache.
  if (!(await until(async () => !(await kinds[kind].revoked(one)).includes(true), timeoutMs))) throw new Error(`${kind}: not held before it was revoked`);
  return one;
}

async function checkRevoked(run, when, kind, one) {
  const revoked = await kinds[kind].revoked(one);
  if (!revoked.includes(false)) return;
  const begun = performance.now();
  const ended = await until(async () => !(await kinds[kind].revoked(one)).includes(false), timeoutMs);
  const how = ended ? `for ${Math.round(performance.now() - begun)} ms at most` : `longer than ${timeoutMs} ms`;
  run.fail(`${kind}, ${when}: still held on ${revoked.filter((one) => !one).length} of ${revoked.length} servers, ${how}`);
}

export const revoke = [{
  name: 'revoke',
  title: 'logout everywhere, suspension and loss of a role, with Redis up, frozen, killed and back, read-only',
  promises: { longestMs: 1000 },
  async run(run) {
    for (const [when, { begin, end }] of Object.entries(states)) {
      const holders = [];
      for (let round = 0; round < (run.quick ? 1 : 3); round++) {
        for (const kind of Object.keys(kinds)) holders.push([kind, await holder(run, kind)]);
      }
      run.log.phase = 'fault';
      await begin();
      for (const [kind, one] of holders) {
        await kinds[kind].revoked(one);
        await kinds[kind].revoke(run, one);
        await checkRevoked(run, when, kind, one);
      }
      await run.recover(end);
      for (const [kind, one] of holders) await checkRevoked(run, `${when}, then repaired`, kind, one);
    }
  },
  undo: () => stack('redis', 'well').then(() => stack('redis', 'thaw')),
}];
