// What was taken from a member is gone on every server with the next request, whatever Redis does.
import { adminUrl } from '../../tests/support/client.mjs';
import { everywhere, joined, loggedIn } from '../../tests/support/members.mjs';
import { sql } from '../../tests/support/stores.mjs';
import { stack, until } from '../drill.mjs';

const reason = '훈련';
const longestMs = 15_000;  // how long it is watched when it is held too long
const idOf = async (email) => (await sql(`select id from users where email = '${email}'`))[0][0];

async function act(course, id, what, form) {
  const admin = course.people.client(course.people.staff, adminUrl);
  const page = await admin.get(`/members/${id}`);
  const part = page.text.split(`action="/members/${id}/${what}"`)[1] ?? '';
  const once = /name="once" value="([^"]+)"/.exec(part)?.[1];
  const answer = await admin.post(`/members/${id}/${what}`, { form: { once, reason, ...form } });
  if (answer.status !== 303) throw new Error(`${what} in the Admin: ${answer.status}`);
}

/** What each app server, asked without Nginx and at the same time, says of the visitor. */
const seenBy = async (client) => Promise.all((await everywhere(client)).map((one) => one.get('/api/v1/me')));
const loggedOut = async ({ client }) => (await seenBy(client)).map(({ status }) => status === 401);

/** What is taken, and how its holder is seen on each server afterwards: all of `gone` must be true. */
const kinds = {
  'logout everywhere': {
    take: (course, { email }) => loggedIn(email).then((other) => other.post('/my/logout-everywhere')),
    gone: loggedOut,
  },
  suspension: {
    take: (course, { id }) => act(course, id, 'suspend', { period: '7' }),
    gone: loggedOut,
  },
  'role of staff': {
    async give(course, { id }) { await act(course, id, 'role', { role: 'staff' }); },
    take: (course, { id }) => act(course, id, 'role', { role: 'member' }),
    gone: async ({ client }) => (await seenBy(client)).map((answer) => answer.json().role !== 'staff'),
  },
};

const states = {
  'Redis up': { begin() {}, end() {} },
  'Redis frozen': { begin: () => stack('redis', 'freeze'), end: () => stack('redis', 'thaw') },
  'Redis killed': { begin: () => stack('redis', 'kill'), end: () => stack('redis', 'start') },
  'Redis read-only': { begin: () => stack('redis', 'readonly'), end: () => stack('redis', 'well') },
};

async function holder(course, kind) {
  const one = await joined();
  one.id = await idOf(one.email);
  await kinds[kind].give?.(course, one);
  // Every process knows the session and what it may do.
  if (!(await until(async () => !(await kinds[kind].gone(one)).includes(true), longestMs))) throw new Error(`${kind}: not held before it was taken`);
  return one;
}

async function demandGone(course, when, kind, one) {
  const gone = await kinds[kind].gone(one);
  if (!gone.includes(false)) return;
  const begun = performance.now();
  const ended = await until(async () => !(await kinds[kind].gone(one)).includes(false), longestMs);
  const how = ended ? `for ${Math.round(performance.now() - begun)} ms at most` : `longer than ${longestMs} ms`;
  course.violate(`${kind}, ${when}: still held on ${gone.filter((held) => !held).length} of ${gone.length} servers, ${how}`);
}

export const revoke = [{
  name: 'revoke',
  title: 'logout everywhere, suspension and loss of a role, with Redis up, frozen, killed and back, read-only',
  promises: { longestMs: 1000 },
  async run(course) {
    for (const [when, { begin, end }] of Object.entries(states)) {
      const holders = [];
      for (let round = 0; round < (course.quick ? 1 : 3); round++) {
        for (const kind of Object.keys(kinds)) holders.push([kind, await holder(course, kind)]);
      }
      course.ledger.phase = 'fault';
      await begin();
      for (const [kind, one] of holders) {
        await kinds[kind].gone(one);
        await kinds[kind].take(course, one);
        await demandGone(course, when, kind, one);
      }
      await course.heal(end);
      for (const [kind, one] of holders) await demandGone(course, `${when}, then well`, kind, one);
    }
  },
  undo: () => stack('redis', 'well').then(() => stack('redis', 'thaw')),
}];
