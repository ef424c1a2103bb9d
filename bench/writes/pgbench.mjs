// The rows of a comment without a website: pgbench, prepared, one transaction each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { sql } from '../../tests/support/stores.mjs';
import { cpu, started, tree } from '../processes.mjs';

const settleMs = 1000;  // until all its connections are open and have prepared
const words = '저희 아이도 함께 참여하겠습니다. 준비물이 있으면 알려 주세요.';

// The post's author as bench/data.mjs chose it, and somebody else who comments; the trigger of comments counts. Keys are
// as long as those of the app server.
const variables = (posts, members) => `
\\set post random(1, ${posts})
\\set notified 1 + ((:post * 2654435761) & 4294967295) % ${members}
\\set author 1 + (:notified + random(0, ${members - 2})) % ${members}
\\set key random(1000000000000000, 9000000000000000)`;
const inserts = {
  comment: `insert into comments (post_id, parent_id, root_id, author_id, content, content_html, renderer)
    values (:post, null, null, :author, '${words}', '<p>${words}</p>', 1)`,
  once: `insert into idempotency_keys (key, user_id, fingerprint, result)
    values ('request:' || :key || :key, :author, sha256(:key::text::bytea), currval('comments_id_seq'))`,
  count: `insert into notification_counts as c (user_id, number, unread) values (:notified, 1, 1)
    on conflict (user_id) do update set number = c.number + 1, unread = c.unread + 1 returning c.number`,
  notification: `insert into notifications (user_id, number, kind, actor_id, post_id, comment_id, reason)
    values (:notified, :number, 3, :author, :post, currval('comments_id_seq'), '')`,
};

export const script = (posts, members) => `${variables(posts, members)}
begin;
${inserts.comment};
${inserts.once};
${inserts.count} \\gset
${inserts.notification};
end;
`;

const written = async () => Number((await sql('select last_value from comments_id_seq'))[0][0]);

/** µs of CPU for each transaction, of `client` and `PostgreSQL`, and of both as `all`. */
export async function pgbench({ runDir, folder, posts, members, seconds, clients }) {
  const file = `${folder}/comment.pgbench`;
  fs.writeFileSync(file, script(posts, members));
  const log = fs.openSync(`${folder}/pgbench.log`, 'w');
  const words = ['-n', '-M', 'prepared', '-c', clients, '-j', 1, '-T', seconds + 2, '-h', `${runDir}/pg`, '-U', 'postgres', '-f', file, 'minschool'];
  const child = spawn('pgbench', words.map(String), { stdio: ['ignore', log, log] });
  fs.closeSync(log);
  const end = once(child, 'exit');
  await pause(settleMs);
  const [client, server] = [tree(child.pid), started(runDir, 'postgres')];
  const before = [await written(), cpu(client), cpu(server)];
  const begun = performance.now();
  await pause(seconds * 1000);
  const after = [await written(), cpu(client), cpu(server)];
  const took = (performance.now() - begun) / 1000;
  if (child.exitCode !== null) throw new Error(`pgbench ended early; see ${folder}/pgbench.log`);
  const [code] = await end;
  if (code !== 0) throw new Error(`pgbench ended with ${code}; see ${folder}/pgbench.log`);
  const [count, ofClient, ofServer] = after.map((value, i) => value - before[i]);
  const cost = { client: ofClient / 1000 / count, PostgreSQL: ofServer / 1000 / count, perSecond: count / took };
  return { ...cost, all: cost.client + cost.PostgreSQL };
}
