// All drills in the order in which they run. The failover is last, because what is written after it is thrown away.
import { apps } from './faults/apps.mjs';
import { cache } from './faults/cache.mjs';
import { unhealthyApp } from './faults/unhealthy_app.mjs';
import { duplicateWrites } from './faults/duplicate_writes.mjs';
import { overload } from './faults/overload.mjs';
import { postgres } from './faults/postgres.mjs';
import { redis } from './faults/redis.mjs';
import { revoke } from './faults/revoke.mjs';
import { soak } from './faults/soak.mjs';

export const drills = [...apps, ...cache, ...unhealthyApp, ...redis, ...revoke, ...duplicateWrites, ...overload, ...soak, ...postgres];
