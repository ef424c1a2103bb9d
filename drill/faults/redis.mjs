// Redis is gone in every way that it can be: pages come, nobody is logged out, nobody waits a second.
import { pause, stack } from '../drill.mjs';
import { redis as command } from '../../tests/support/stores.mjs';

const waits = { longestMs: 1000 };

const fault = ({ name, title, begin, end, limited = true }) => ({
  name, title,
  promises: { ...waits, limitedSaid: limited },
  run: (course) => course.fault(begin, course.quick ? 2000 : 10_000, end),
  undo: end,
});

const spoil = (how) => () => stack('redis', how);
const well = spoil('well');

const flush = {
  name: 'redis-flush',
  title: 'FLUSHALL, again and again',
  promises: waits,
  async run(course) {
    for (let i = 0; i < (course.quick ? 3 : 10); i++) {
      await course.fault(() => command('FLUSHALL'), course.quick ? 200 : 500, () => {});
      await pause(course.quick ? 200 : 500);
    }
  },
};

export const redis = [
  fault({ name: 'redis-kill', title: 'kill -9 of Redis; it comes back empty', begin: spoil('kill'), end: spoil('start') }),
  fault({ name: 'redis-freeze', title: 'SIGSTOP of Redis: it hangs without closing', begin: spoil('freeze'), end: spoil('thaw') }),
  // Reads still work, and what cannot be written is only memory: the pages need not say so.
  fault({ name: 'redis-oom', title: 'Redis is out of memory and refuses writes', begin: spoil('oom'), end: well, limited: false }),
  fault({ name: 'redis-readonly', title: 'Redis is a replica and refuses writes', begin: spoil('readonly'), end: well, limited: false }),
  fault({ name: 'redis-loading', title: 'Redis answers every command with an error, as while it loads', begin: spoil('masterdown'), end: well }),
  flush,
];
