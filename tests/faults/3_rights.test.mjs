// A revoked right stays revoked, a write that is sent twice is done once, and overload is refused.
import { duplicateWrites } from '../../drill/faults/duplicate_writes.mjs';
import { overload } from '../../drill/faults/overload.mjs';
import { revoke } from '../../drill/faults/revoke.mjs';
import { testQuick } from './quick.mjs';

await testQuick([...revoke, ...duplicateWrites, ...overload]);
