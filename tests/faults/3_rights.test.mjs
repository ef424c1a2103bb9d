// What was taken stays taken, what is sent twice is done once, and what is too much is refused.
import { once } from '../../drill/faults/once.mjs';
import { overload } from '../../drill/faults/overload.mjs';
import { revoke } from '../../drill/faults/revoke.mjs';
import { testShortly } from './short.mjs';

await testShortly([...revoke, ...once, ...overload]);
