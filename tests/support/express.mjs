// The Express program of the seed: express-session and connect-redis as in the architecture guide, on the running stack's Redis.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';

import { facts, state } from './stack.mjs';

const secretOf = async (name) => (await readFile(join(state, 'secrets', name), 'utf8')).trim();

/**
 * Starts one on a loopback port. `secret` is the stack's unless given; `options` go to express-session.
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
export async function startExpress({ secret, cookie, ...options } = {}) {
  const { run_dir } = await facts();
  const client = createClient({ socket: { path: join(run_dir, 'redis.sock') }, password: await secretOf('redis') });
  client.on('error', () => {});  // it connects again by itself; without a listener an outage would end the process
  await client.connect();
  const app = express();
  app.set('trust proxy', 'loopback');
  app.use(express.json());
  app.use(session({
    store: new RedisStore({ client, prefix: 'session:' }),
    secret: secret ?? await secretOf('session'),
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 24 * 60 * 60 * 1000, ...cookie },
    ...options,
  }));
  routes(app);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await client.quit();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

function routes(app) {
  app.post('/login', (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error);
      Object.assign(request.session, request.body, { lastAccess: new Date().toISOString() });
      response.json({});
    });
  });
  // The same without a new session id.
  app.post('/become', (request, response) => {
    Object.assign(request.session, request.body);
    response.json({});
  });
  // Only reads: the session is touched, not saved.
  app.get('/me', (request, response) => {
    const { userId, email, role, permissions, lastAccess, cart } = request.session;
    response.status(userId ? 200 : 401).json({ userId, email, role, permissions, lastAccess, cart });
  });
  app.post('/cart', (request, response) => {
    request.session.cart = [...(request.session.cart ?? []), request.body.item];
    response.json({});
  });
  app.post('/logout', (request, response, next) => request.session.destroy((error) => (error ? next(error) : response.json({}))));
}
