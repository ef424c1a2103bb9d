// One app server loses its way to PostgreSQL, or is frozen: the others serve, and no request is refused.
import { half } from '../../drill/faults/half.mjs';
import { testShortly } from './short.mjs';

await testShortly(half);
