// Jobs: a due job runs once; staff see failed ones, and rerun or remove them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { assertKoreanPage, eventually } from '../support/assert.mjs';
import { adminUrl } from '../support/client.mjs';
import { logIn } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const admin = await logIn('admin@minschool.test', { base: adminUrl });
const staff = await logIn('staff@minschool.test', { base: adminUrl });
const error = 'mailbox <b>full</b>';

/** A job of the Site that has had its last attempt; gives its id. */
async function failed(kind = 'failed_jobs') {
  const [[id]] = await sql(`insert into jobs (program, kind, max_attempts, attempts, run_at, failed_at, last_error)
    values ('minschool_site', '${kind}', 2, 2, 'infinity', now(), '${error}') returning id`);
  return id;
}
const there = async (id) => (await sql(`select count(*) from jobs where id = ${id}`))[0][0] === '1';
const acts = (id) => sql(`select action, detail from audit_log where subject_kind = 'job' and subject_id = ${id} order by id`);
after(() => sql(`delete from jobs where last_error = '${error}'`));

const periodic = ['admin failed_jobs', 'admin idempotency_keys', 'admin server_samples', 'site clean_files', 'site failed_jobs',
  'site idempotency_keys', 'site rerender', 'site server_programs', 'site servers', 'site sessions'];

test('each periodic job of both programs exists once and has run', async () => {
  await eventually(async () => {
    const rows = await sql("select replace(program, 'minschool_', '') || ' ' || kind from jobs where period_seconds is not null and runs > 0");
    return periodic.every((name) => rows.some(([found]) => found === name));
  }, 'the first run of each');
  const rows = await sql("select replace(program, 'minschool_', '') || ' ' || kind from jobs where period_seconds is not null order by 1");
  assert.deepEqual(rows.flat(), periodic);
  assert.deepEqual(await sql('select kind, last_error from jobs where period_seconds is not null and last_error is not null'), []);
});

test('the page shows pending jobs, and failed ones with the reason', async () => {
  const id = await failed();
  const page = await admin.get('/jobs');
  assertKoreanPage(page, 200);
  for (const words of [/만료된 로그인 정리/, /<span class="badge">정기<\/span>/, /badge-danger">실패/, /mailbox &lt;b>full|mailbox &lt;b&gt;full/]) assert.match(page.text, words);
  assert.match(page.text, new RegExp(`action="/jobs/${id}/remove"`));
  assert.match(page.text, /<a href="\/jobs" aria-current="page">예약 작업/);
});

test('a failed job is run again at once, and the audit log names the member', async () => {
  const id = await failed();
  const answer = await admin.submit(`/jobs/${id}/run`, {});
  assert.match(answer.text, /작업을 곧 실행합니다/);
  await eventually(async () => !(await there(id)), 'the end of the job');
  assert.deepEqual(await acts(id), [['job_run', '오래된 실패 작업 정리']]);
  assert.equal((await admin.post(`/jobs/${id}/run`, { form: {} })).status, 404);
  assert.match((await admin.get('/audit')).text, /<a href="\/jobs">예약 작업 \d+<\/a>/);
});

test('only failed jobs are removed', async () => {
  const id = await failed();
  const [[periodic]] = await sql("select id from jobs where kind = 'servers'");
  assert.equal((await admin.post(`/jobs/${periodic}/remove`, { form: {} })).status, 409);
  assert.ok(await there(periodic));
  const answer = await admin.submit(`/jobs/${id}/remove`, { once: `remove-${id}` });
  assert.match(answer.text, /작업을 삭제했습니다/);
  assert.ok(!(await there(id)));
  assert.equal((await admin.post(`/jobs/${id}/remove`, { form: { once: `remove-${id}` } })).status, 303, 'sent twice');
  assert.deepEqual((await acts(id)).map(([action]) => action), ['job_remove']);
});

test('staff without the permission see the jobs but may not act on them', async () => {
  const id = await failed();
  const page = await staff.get('/jobs');
  assert.equal(page.status, 200);
  assert.doesNotMatch(page.text, /action="\/jobs/);
  for (const act of ['run', 'remove']) assert.equal((await staff.post(`/jobs/${id}/${act}`, { form: {} })).status, 403);
  assert.ok(await there(id));
});
