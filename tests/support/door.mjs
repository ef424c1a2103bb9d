// A way into the site that leads to one app server only, while Nginx gives the assets: what happens in a browser on one
// server and is seen in another one on another server.
import http from 'node:http';
import { after } from 'node:test';

import { siteUrl } from './client.mjs';
import { appUrl } from './stack.mjs';

/**
 * {url, shut, open, hush}: the address for openPage's `base`, gone after the tests of the file. While it is shut nobody comes
 * through, and who was inside is thrown out. After hush() who is inside stays, and never hears anything again.
 */
export async function doorTo(number) {
  const app = await appUrl(number);
  const agent = new http.Agent({ keepAlive: true });
  const answers = new Set();
  let isShut = false;
  const door = http.createServer((request, response) => {
    if (isShut) return response.destroy();
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
  await new Promise((resolve) => door.listen(0, '127.0.0.1', resolve));
  after(() => {
    door.closeAllConnections();
    door.close();
    agent.destroy();
  });
  return {
    url: `http://127.0.0.1:${door.address().port}`,
    shut() {
      isShut = true;
      door.closeAllConnections();
    },
    open() { isShut = false; },
    hush() { for (const answer of answers) answer.unpipe(); },
  };
}
