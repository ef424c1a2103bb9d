// App servers and Redis are killed at random, also while another part is still on its way back.
import { appNames, pause, stack } from '../drill.mjs';
import { blows } from './apps.mjs';

const lasts = { longMs: 180_000, shortMs: 12_000 };
// Between two blows. An app server is back in less than the shorter one, so that never all three are gone.
const betweenMs = [1000, 3000];
const goneMs = [100, 2000];  // how long Redis stays away

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
function dice(seed) {
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

const killApp = (program) => async (pick) => blows[pick(Object.keys(blows))](pick(await appNames()), program);

const ofApps = [killApp('site'), killApp('admin')], ofRedis = [killRedis, freezeRedis];

export const soak = [{
  name: 'soak',
  title: 'app servers and Redis are killed and frozen at random (MINSCHOOL_SEED repeats it)',
  async run(course) {
    const seed = Number(process.env.MINSCHOOL_SEED || Math.floor(Math.random() * 2 ** 31));
    const roll = dice(seed);
    const pick = (list) => list[Math.floor(roll() * list.length)];
    const within = ([least, most]) => least + roll() * (most - least);
    course.remark(`MINSCHOOL_SEED=${seed}`);
    course.ledger.phase = 'fault';
    const end = performance.now() + (course.quick ? lasts.shortMs : lasts.longMs);
    let struck = 0;
    let redis = Promise.resolve();
    for (; performance.now() < end; struck++) {
      const act = pick([...ofApps, ...ofRedis]);
      if (ofRedis.includes(act)) {
        // App servers go on being killed while it is away; what happens to it comes one after the other.
        await redis;
        redis = act(within);
        redis.catch(() => {});
      } else {
        await act(pick);
      }
      await pause(within(betweenMs));
    }
    await redis;
    await course.heal(() => {});
    course.remark(`${struck} blows`);
  },
  undo: () => stack('redis', 'thaw').then(() => stack('redis', 'start')),
}];
