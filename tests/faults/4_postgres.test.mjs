// PostgreSQL restarts, is gone, hangs, or another one takes over: nothing is lost or doubled.
import { postgres } from '../../drill/faults/postgres.mjs';
import { testShortly } from './short.mjs';

await testShortly([...postgres]);
