// The expected log lines of level error: script/test fails for every other one.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

import { state } from './stack.mjs';

/** Announces lines that this file's tests cause: extended regular expressions (grep -E) of the text after the level. */
export const expectErrors = (...patterns) => appendFile(join(state, 'expected-errors'), patterns.map((one) => `error ${one}\n`).join(''));
