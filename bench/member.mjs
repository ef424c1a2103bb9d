import { Client } from '../tests/support/client.mjs';

/** A Client that is logged in at `site` as the member whom script/bench added. */
export async function login(site, { email, password }) {
  const visitor = new Client(site);
  const { status, text } = await visitor.request('POST', '/api/v1/session', { json: { email, password } });
  if (status >= 300) throw new Error(`login: ${status} ${text}`);
  return visitor;
}

/** The Cookie header of its browser. */
export const cookieOf = (visitor) => [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
