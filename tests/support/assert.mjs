// Assertions that tests of pages share.
import assert from 'node:assert/strict';

const longestWaitMs = 60_000;  // what has not happened by then never will, on however busy a machine
const betweenTriesMs = 50;
// The design allows 50 ms until all app servers know of a change; the rest is for a machine with much else to do.
const soonMs = 10_000;

/** An HTML page with that status, in Korean. */
export function assertKoreanPage(answer, status) {
  assert.equal(answer.status, status, answer.text.slice(0, 200));
  assert.match(answer.headers['content-type'], /^text\/html/);
  assert.match(answer.text, /<html[^>]* lang="?ko/);
  assert.match(answer.text, /[가-힣]/);
}

/** Problem JSON (RFC 9457) with that status and a Korean detail. */
export function assertProblem(answer, status) {
  assert.equal(answer.status, status, answer.text.slice(0, 200));
  assert.match(answer.headers['content-type'], /^application\/problem\+json/);
  const problem = answer.json();
  assert.equal(problem.status, status);
  assert.match(problem.detail, /[가-힣]/);
  return problem;
}

/** Waits until `condition` holds; for what other processes do in their own time. */
export async function eventually(condition, what) {
  const end = Date.now() + longestWaitMs;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `${what} did not happen within ${longestWaitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, betweenTriesMs));
  }
}

/** Assertions on what another app server changed: they hold at once, or at least as soon as its word has come. */
export async function soon(assertions) {
  const end = Date.now() + soonMs;
  for (;;) {
    try {
      return await assertions();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
