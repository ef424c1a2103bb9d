// Redis is killed, hangs, is full, refuses or is emptied: nobody notices.
import { redis } from '../../drill/faults/redis.mjs';
import { testShortly } from './short.mjs';

await testShortly([...redis]);
