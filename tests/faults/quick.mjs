// Turns drills into tests: each in its short form, one after the other, on the stack that MINSCHOOL_STATE names.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runDrill } from '../../drill/drill.mjs';
import { People } from '../../drill/people.mjs';
import { notes } from '../../drill/table.mjs';
import { expectErrors } from '../support/log.mjs';

await expectErrors('worker [0-9]+ died: killed by signal 9', 'PostgreSQL takes no writes: ', 'cannot take over: ', 'new worker [0-9]+ ended before it was ready: ', 'worker [0-9]+ has not gone on for ', 'Nginx cannot save pages: ', '[^ ]+ is full: Nginx saves no pages');

/** @param {Array<object>} drills  of drill/faults/ */
export async function testQuick(drills) {
  const people = await People.make();
  for (const drill of drills) {
    test(`${drill.name}: ${drill.title}`, async (context) => {
      const line = await runDrill(drill, people, { quick: true });
      // Times depend on what else the machine does, so only script/drill judges them.
      for (const text of line.late) context.diagnostic(text);
      assert.deepEqual(line.broken, [], notes(line));
    });
  }
}
