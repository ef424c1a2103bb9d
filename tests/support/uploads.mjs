// Uploads as tus 1.0 has them, byte by byte: for what tus-js-client never does.
import http from 'node:http';

import { siteUrl } from './client.mjs';

export const tus = { 'tus-resumable': '1.0.0' };
export const chunk = { ...tus, 'content-type': 'application/offset+octet-stream' };
export const base64 = (text) => Buffer.from(text).toString('base64');

/** The headers of a request that begins an upload. */
export const creation = (name, size, draft) => ({ ...tus, 'upload-length': String(size), 'upload-metadata': `filename ${base64(name)},draft ${base64(draft)}` });

/** Begins an upload: its address. */
export async function begin(client, name, size, draft) {
  const answer = await client.post('/files', { headers: creation(name, size, draft) });
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  return answer.location;
}

export const append = (client, path, offset, body, headers = {}) => client.patch(path, { headers: { ...chunk, 'upload-offset': String(offset), ...headers }, body });

/** How far the upload has come: a number, or the status that is no success. */
export async function offsetOf(client, path) {
  const answer = await client.request('HEAD', path, { headers: tus });
  return answer.status === 200 ? Number(answer.headers['upload-offset']) : `status ${answer.status}`;
}

/**
 * A PATCH that stays open: {send(bytes), end(), cut(), answer}. `length` is what it announces; undefined: chunked.
 * `answer` resolves to {status, headers, text}, or to the error's code when the connection breaks.
 */
export function openPatch(client, path, offset, length, { base = siteUrl } = {}) {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const headers = { ...chunk, 'upload-offset': String(offset), cookie, ...(length === undefined ? {} : { 'content-length': String(length) }) };
  const request = http.request(new URL(path, base), { method: 'PATCH', headers, agent: false });
  request.flushHeaders();
  const answer = new Promise((resolve) => {
    request.on('error', (error) => resolve({ status: error.code }));
    request.on('response', (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', (error) => resolve({ status: error.code }));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString() }));
    });
  });
  const send = (bytes) => new Promise((resolve) => (request.write(bytes) ? resolve() : request.once('drain', resolve)));
  return { send, end: () => request.end(), cut: () => request.destroy(), answer };
}
