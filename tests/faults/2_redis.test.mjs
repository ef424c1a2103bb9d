// Redis is killed, hangs, is full, refuses writes or is emptied: no visitor notices.
import { redis } from '../../drill/faults/redis.mjs';
import { testQuick } from './quick.mjs';

await testQuick([...redis]);
