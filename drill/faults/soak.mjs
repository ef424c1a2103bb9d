// App servers and Redis are killed at random, also while another one is still starting again.
import { appNames, pause, stack } from '../drill.mjs';
import { kills } from './apps.mjs';

const lasts = { longMs: 180_000, shortMs: 12_000 };
// Between two kills. An app server is back in less than the shorter pause, so that never all three are gone.
const betweenMs = [1000, 3000];
const goneMs = [100, 2000];  // how long Redis stays away

/** Random numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function killRedis(within) {
  await stack('redis', 'kill');
  await pause(within(goneMs));
  await stack('redis', 'start');
}

async function freezeRedis(within) {
  await stack('redis', 'freeze');
  await pause(within(goneMs));
  await stack('redis', 'thaw');
}

const killApp = (program) => async (pick) => kills[pick(Object.keys(kills))](pick(await appNames()), program);

const ofApps = [killApp('site'), killApp('admin')], ofRedis = [killRedis, freezeRedis];

export const soak = [{
  name: 'soak',
  title: 'app servers and Redis are killed and frozen at random (MINSCHOOL_SEED repeats it)',
  async run(run) {
    const seed = Number(process.env.MINSCHOOL_SEED || Math.floor(Math.random() * 2 ** 31));
    const random = seeded(seed);
    const pick = (list) => list[Math.floor(random() * list.length)];
    const within = ([min, max]) => min + random() * (max - min);
    run.remark(`MINSCHOOL_SEED=${seed}`);
    run.log.phase = 'fault';
    const end = performance.now() + (run.quick ? lasts.shortMs : lasts.longMs);
    let count = 0;
    let redis = Promise.resolve();
    for (; performance.now() < end; count++) {
      const act = pick([...ofApps, ...ofRedis]);
      if (ofRedis.includes(act)) {
        // App servers are also killed while Redis is away; only one thing at a time happens to Redis itself.
        await redis;
        redis = act(within);
        redis.catch(() => {});
      } else {
        await act(pick);
      }
      await pause(within(betweenMs));
    }
    await redis;
    await run.recover(() => {});
    run.remark(`${count} kills and freezes`);
  },
  undo: () => stack('redis', 'thaw').then(() => stack('redis', 'start')),
}];
