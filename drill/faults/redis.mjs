// Redis fails in every way that it can: pages are served, nobody is logged out, nobody waits a second.
import { pause, stack } from '../drill.mjs';
import { redis as command } from '../../tests/support/stores.mjs';

const waits = { longestMs: 1000 };

const fault = ({ name, title, begin, end, degraded = true }) => ({
  name, title,
  promises: { ...waits, showsDegraded: degraded },
  run: (run) => run.fault(begin, run.quick ? 2000 : 10_000, end),
  undo: end,
});

const setRedis = (state) => () => stack('redis', state);
const repair = setRedis('well');

const flush = {
  name: 'redis-flush',
  title: 'FLUSHALL, repeatedly',
  promises: waits,
  async run(run) {
    for (let i = 0; i < (run.quick ? 3 : 10); i++) {
      await run.fault(() => command('FLUSHALL'), run.quick ? 200 : 500, () => {});
      await pause(run.quick ? 200 : 500);
    }
  },
};

export const redis = [
  fault({ name: 'redis-kill', title: 'kill -9 of Redis; it comes back empty', begin: setRedis('kill'), end: setRedis('start') }),
  fault({ name: 'redis-freeze', title: 'SIGSTOP of Redis: it hangs without closing', begin: setRedis('freeze'), end: setRedis('thaw') }),
  // Reads still work, and the writes that fail only fill caches: the pages need not say so.
  fault({ name: 'redis-oom', title: 'Redis is out of memory and refuses writes', begin: setRedis('oom'), end: repair, degraded: false }),
  fault({ name: 'redis-readonly', title: 'Redis is a replica and refuses writes', begin: setRedis('readonly'), end: repair, degraded: false }),
  fault({ name: 'redis-loading', title: 'Redis answers every command with an error, as while it loads', begin: setRedis('masterdown'), end: repair }),
  flush,
];
