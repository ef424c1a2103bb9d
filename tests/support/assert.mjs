// Assertions that tests of pages share.
import assert from 'node:assert/strict';

const maxWaitMs = 60_000;  // even on a busy machine, what has not happened by then never will
const betweenTriesMs = 50;
// The design allows 50 ms until all app servers have a change; the rest is for busy machines.
const soonMs = 10_000;

/** Asserts an HTML page with that status, in Korean. */
export function assertKoreanPage(answer, status) {
  assert.equal(answer.status, status, answer.text.slice(0, 200));
  assert.match(answer.headers['content-type'], /^text\/html/);
  assert.match(answer.text, /<html[^>]* lang="?ko/);
  assert.match(answer.text, /[가-힣]/);
}

/** Asserts a problem JSON (RFC 9457) with that status and a Korean detail. */
export function assertProblem(answer, status) {
  assert.equal(answer.status, status, answer.text.slice(0, 200));
  assert.match(answer.headers['content-type'], /^application\/problem\+json/);
  const problem = answer.json();
  assert.equal(problem.status, status);
  assert.match(problem.detail, /[가-힣]/);
  return problem;
}

/** Waits until `condition` holds, for effects of other processes. */
export async function eventually(condition, what) {
  const end = Date.now() + maxWaitMs;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `${what} did not happen within ${maxWaitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, betweenTriesMs));
  }
}

/** Retries assertions on changes of another app server, until they hold or the time is over. */
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
