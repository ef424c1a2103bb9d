// Members who read and write without a pause, in the network of the machine; started by site.mjs. Says when they have begun, and
// prints the results as JSON when its standard input ends. argv: the session's cookie, the address of a board.
import { Client } from '../support/client.mjs';

const [cookie, board] = process.argv.slice(2);
const readers = 3;
// Nginx lets one address have 50 requests a second.
const pauseMs = { reads: 80, writes: 150 };
const counts = { reads: 0, writes: 0, versions: {}, failures: [] };
let going = true;

function member() {
  const client = new Client('http://127.0.0.1');
  const headers = { host: 'mincenter.kr', origin: 'http://mincenter.kr', cookie };
  return { get: (path) => client.get(path, { headers }), post: (path, form) => client.post(path, { headers, form }) };
}

/** Repeats an action; every other response than a page or redirect is a failure. */
async function again(kind, act) {
  while (going) {
    try {
      const answer = await act();
      if (counts[kind]++ === 0) console.log('at work');
      if (answer.status >= 400) counts.failures.push(`${kind} ${answer.status} ${answer.headers['x-cache'] ?? ''}`);
    } catch (error) {
      counts.failures.push(`${kind} ${error.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs[kind]));
  }
}

const loops = Array.from({ length: readers }, () => again('reads', () => member().get('/')));
let number = 0;
loops.push(again('writes', () => member().post(`/boards/${board}/write`, { title: `글 ${process.pid} ${++number}`, content: '내용' })));
process.stdin.resume();
await new Promise((resolve) => process.stdin.on('end', resolve));
going = false;
await Promise.all(loops);
console.log(JSON.stringify(counts));
