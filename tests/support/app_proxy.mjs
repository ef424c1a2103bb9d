// A proxy in front of one app server, while Nginx serves the assets: for tests of two browsers on two different servers.
import http from 'node:http';
import { after } from 'node:test';

import { siteUrl } from './client.mjs';
import { appUrl } from './stack.mjs';

/**
 * {url, refuse, accept, stall}: the address for openPage's `base`, closed after the tests of the file. refuse() closes all
 * connections and refuses new ones until accept(). stall() keeps the connections open, but passes no more bytes.
 */
export async function proxyTo(number) {
  const app = await appUrl(number);
  const agent = new http.Agent({ keepAlive: true });
  const answers = new Set();
  let refuses = false;
  const proxy = http.createServer((request, response) => {
    if (refuses) return response.destroy();
    const { method, url, headers } = request;
    const to = http.request(new URL(url, url.startsWith('/assets/') ? siteUrl : app), { method, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
      answers.add(answer);
      answer.on('close', () => answers.delete(answer));
      answer.on('error', () => response.destroy());
    });
    to.on('error', () => response.destroy());
    response.on('close', () => to.destroy());
    request.pipe(to);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  after(() => {
    proxy.closeAllConnections();
    proxy.close();
    agent.destroy();
  });
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    refuse() {
      refuses = true;
      proxy.closeAllConnections();
    },
    accept() { refuses = false; },
    stall() { for (const answer of answers) answer.unpipe(); },
  };
}
