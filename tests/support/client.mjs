// An HTTP client with a cookie jar, as a browser has one; it follows no redirects by itself. It uses node:http and not fetch,
// because tests choose every header (Origin, Sec-Fetch-Site, Host) themselves.
import http from 'node:http';

export const siteUrl = process.env.MINSCHOOL_URL ?? 'http://127.0.0.1:8080';
export const adminUrl = process.env.MINSCHOOL_ADMIN_URL ?? 'http://127.0.0.1:8081';

// No answer may take longer, so that no test hangs.
const defaultTimeoutMs = 20_000;
// Cookies with a longer lifetime outlast every test.
const maxExpirySeconds = 60;

/**
 * One visitor. Paths are relative to `base`; cookies are stored and sent again. `address` is the visitor's loopback address
 * (127.x.y.z), for tests of limits that must not affect others. `agent` holds the connections, and `timeoutMs` is the longest
 * wait. An error has `reusedSocket`: whether the connection had served before.
 */
export class Client {
  resent = 0;

  constructor(base = siteUrl, { address, agent, timeoutMs = defaultTimeoutMs } = {}) {
    this.base = base;
    this.address = address;
    this.agent = agent;
    this.timeoutMs = timeoutMs;
    this.cookies = new Map();
  }

  /**
   * @param {string} method
   * @param {string} path  beginning with /
   * @param {{headers?: object, form?: object, json?: object, body?: string|Buffer}} [options]
   *        form and json set the body and its type.
   * @returns {Promise<{status: number, headers: object, text: string, json: () => any, location?: string}>}
   */
  request(method, path, { headers = {}, form, json, body } = {}) {
    const url = new URL(path, this.base);
    const sent = { ...headers };
    if (form) {
      body = new URLSearchParams(form).toString();
      sent['content-type'] ??= 'application/x-www-form-urlencoded';
    } else if (json !== undefined) {
      body = JSON.stringify(json);
      sent['content-type'] ??= 'application/json';
    }
    if (method !== 'GET' && method !== 'HEAD') {
      sent.origin ??= url.origin;
      sent['content-length'] ??= Buffer.byteLength(body ?? '');
    } else if (body !== undefined) {
      sent['content-length'] ??= Buffer.byteLength(body);  // Node would send a GET's body without any length
    }
    if (this.cookies.size && sent.cookie === undefined) {
      sent.cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    }
    return this.#send(method, url, sent, body).catch((error) => {
      if (!this.repeats(method, error)) throw error;
      this.resent++;
      return this.#send(method, url, sent, body);
    });
  }

  /**
   * Whether a failed request is sent again: when it is safe to repeat, and the server closed the keep-alive connection before a
   * byte of the answer came, as Nginx does when it is reloaded (RFC 9112, 9.3.1).
   */
  repeats(method, { reusedSocket, code }) {
    return reusedSocket && code === 'ECONNRESET' && (method === 'GET' || method === 'HEAD');
  }

  #send(method, url, headers, body) {
    return new Promise((resolve, reject) => {
      const how = { method, headers, timeout: this.timeoutMs, localAddress: this.address, agent: this.agent };
      const request = http.request(url, how, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve(this.#answer(response, Buffer.concat(chunks))));
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${url.pathname}${url.search}: no answer in ${this.timeoutMs} ms`)));
      request.on('error', (error) => reject(Object.assign(error, { reusedSocket: request.reusedSocket })));
      request.end(body);
    });
  }

  get(path, options) { return this.request('GET', path, options); }
  post(path, options) { return this.request('POST', path, options); }
  patch(path, options) { return this.request('PATCH', path, options); }
  delete(path, options) { return this.request('DELETE', path, options); }

  /** Sends a form and follows the redirect of the answer, as a browser does after 303. */
  async submit(path, form) {
    const answer = await this.post(path, { form });
    return answer.location ? this.get(answer.location) : answer;
  }

  #answer(response, bytes) {
    for (const line of response.headers['set-cookie'] ?? []) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const seconds = Number(attributes.map((attribute) => /^max-age=(\d+)$/i.exec(attribute)?.[1]).find(Boolean) ?? Infinity);
      if (seconds === 0) this.cookies.delete(name);
      else this.cookies.set(name, value);
      if (seconds > 0 && seconds <= maxExpirySeconds) {
        setTimeout(() => this.cookies.get(name) === value && this.cookies.delete(name), seconds * 1000).unref();
      }
    }
    const text = bytes.toString('utf8');
    return {
      status: response.statusCode, headers: response.headers, location: response.headers.location,
      bytes, text, json: () => JSON.parse(text),
    };
  }
}
