// What the programs of the stack may log at level error: script/test fails for every such line that no test has announced.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

import { state } from './stack.mjs';

/** Announces lines that this file's tests provoke: extended regular expressions (grep -E) of what follows the level. */
export const expectErrors = (...patterns) => appendFile(join(state, 'expected-errors'), patterns.map((one) => `error ${one}\n`).join(''));
