// Measures the first and a deep page of boards of several sizes in one database; as run.mjs, and `sizes` in its options:
// the posts of board 1, 2, …
import { measure } from './load.mjs';
import { cookieOf, login } from './member.mjs';
import { started } from './processes.mjs';
import { processes, serveAnew, serveNginx, stop } from './reference.mjs';
import { figure, machine, median, table } from './report.mjs';

const options = JSON.parse(process.argv[2]);
const { run_dir: runDir, port } = process.env;
const perPage = 20;
const deepest = 5000;
const anewPort = 3103;
const anewNginx = Number(port) + 20;
const remembered = `http://127.0.0.1:${port}`;
const anew = `http://127.0.0.1:${anewNginx}`;
const note = (text) => process.stderr.write(`${text}\n`);
const thousands = (count) => count.toLocaleString('en');

const about = machine();
const visitor = await login(remembered, options);
const cookie = cookieOf(visitor);

const boards = options.sizes.map((posts, i) => ({ posts, list: `/boards/bench-${i + 1}`, deep: Math.min(deepest, Math.ceil(posts / perPage)) }));

/** All measurements: a page of a board, cached or read from PostgreSQL. Its lines must be the right ones. */
async function target(board, number, kind, base, parts) {
  const path = `${board.list}?page=${number}`;
  const { status, text } = await visitor.get(path);
  const newest = Number(/data-label="번호">(\d+)</.exec(text)?.[1]);
  if (status !== 200 || newest !== board.posts - (number - 1) * perPage) throw new Error(`${path}: ${status}, begins with ${newest}`);
  return { board, number, kind, url: base + path, parts, results: [] };
}

const children = [];
const start = async (serving) => children[children.push(await serving) - 1];
try {
  const app = processes(await start(serveAnew(anewPort, boards[0].list, cookie)));
  const before = processes(await start(serveNginx(anewNginx, anewPort, boards[0].list, cookie)));
  const common = { Redis: started(runDir, 'redis'), PostgreSQL: started(runDir, 'postgres') };
  const stack = { Nginx: started(runDir, 'nginx'), app: started(runDir, 'app1-site'), ...common };
  const targets = [];
  for (const board of boards) {
    for (const number of [1, board.deep]) {
      targets.push(await target(board, number, 'remembered', remembered, stack));
      targets.push(await target(board, number, 'read anew', anew, { Nginx: before, app, ...common }));
    }
  }
  const load = { seconds: options.seconds, connections: options.connections, cookie };
  // The first round warms up, unless it is the only one.
  for (let round = options.rounds > 1 ? 0 : 1; round <= options.rounds; ++round) {
    note(`[${round}/${options.rounds}] rounds`);
    for (const { url, parts, results } of targets) {
      const result = await measure(url, parts, load);
      if (round > 0) results.push(result);
    }
  }

  const find = (board, number, kind) => targets.find((each) => each.board === board && each.number === number && each.kind === kind).results;
  const ratio = (above, below, part = 'all') => figure(above.map((value, i) => value[part] / below[i][part]));
  const claims = [];
  for (const kind of ['read anew', 'remembered']) {
    for (const board of boards) {
      const name = `${thousands(board.posts)} posts, ${kind}: `;
      const first = find(board, 1, kind);
      const smallest = find(boards[0], 1, kind);
      if (board !== boards[0]) claims.push([`${name}page 1 against page 1 of ${thousands(boards[0].posts)}`, '≤ 1.2', ratio(first, smallest), ratio(first, smallest, 'p99')]);
      claims.push([`${name}page ${board.deep} against page 1`, '≤ 1.2', ratio(find(board, board.deep, kind), first), ratio(find(board, board.deep, kind), first, 'p99')]);
    }
  }
  const columns = ['Nginx', 'app', 'Redis', 'PostgreSQL', 'all'];
  const costs = targets.map(({ board, number, kind, results }) => [
    thousands(board.posts), number, kind,
    ...columns.map((column) => (median(results.map((result) => result[column])) < 0.05 ? '' : figure(results.map((result) => result[column])))),
    figure(results.map((result) => result.p99)),
  ]);

  console.log(`Machine: ${about}  `);
  console.log(`Commit ${options.commit}, \`${options.command}\`: boards of ${options.sizes.map(thousands).join(', ')} posts in one database  `);
  console.log(`Medians of ${options.rounds} rounds of ${options.seconds} s with ${options.connections} connections (lowest to highest)\n`);
  console.log(table(['Claim', 'Goal', 'CPU of all', 'p99 latency'], claims));
  console.log('\nCPU per request of a member through Nginx, µs, and latency, ms:\n');
  console.log(table(['Posts', 'Page', '', ...columns, 'p99'], costs));
} finally {
  stop(children);
}
