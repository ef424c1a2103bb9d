// Every drill by name, in the order in which they run; the failover throws away what is written after it, so it is last.
import { apps } from './faults/apps.mjs';
import { cache } from './faults/cache.mjs';
import { half } from './faults/half.mjs';
import { once } from './faults/once.mjs';
import { overload } from './faults/overload.mjs';
import { postgres } from './faults/postgres.mjs';
import { redis } from './faults/redis.mjs';
import { revoke } from './faults/revoke.mjs';
import { soak } from './faults/soak.mjs';

export const drills = [...apps, ...cache, ...half, ...redis, ...revoke, ...once, ...overload, ...soak, ...postgres];
