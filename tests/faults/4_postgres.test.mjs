// PostgreSQL restarts, is gone, hangs, or its replica takes over: no write is lost or doubled.
import { postgres } from '../../drill/faults/postgres.mjs';
import { testQuick } from './quick.mjs';

await testQuick([...postgres]);
