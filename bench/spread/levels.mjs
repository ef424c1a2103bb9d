// What each level between a visitor and PostgreSQL's disk knew already: Nginx's saved pages, the app servers' caches in memory,
// Redis, PostgreSQL's buffers.
import { Client } from '../../tests/support/client.mjs';
import { redis, sql } from '../../tests/support/stores.mjs';

const { net } = process.env;
const fromCache = ['HIT', 'UPDATING', 'REVALIDATED', 'STALE'];
const passing = ['BYPASS', 'none'];
const monitor = `http://${net}.10:3002`;

/** The samples of one metric: [{labels, value}]. */
async function samples(base, name) {
  const { text } = await new Client(base).get('/metrics');
  return [...text.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\S+)$`, 'gm'))].map(([, labels, value]) => ({
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, word]) => [key, word])),
    value: Number(value),
  }));
}

async function counts(servers) {
  const out = {};
  const add = (level, hit, value) => {
    out[level] ??= { hits: 0, all: 0 };
    out[level].all += value;
    if (hit) out[level].hits += value;
  };
  for (const { labels, value } of await samples(monitor, 'minschool_nginx_cache_total')) {
    add('Nginx', fromCache.includes(labels.status), passing.includes(labels.status) ? 0 : value);
  }
  for (let number = 1; number <= servers; ++number) {
    for (const { labels, value } of await samples(`http://${net}.${10 + number}:3000`, 'minschool_local_cache_lookups_total')) {
      add(labels.cache, labels.result === 'hit', value);
    }
  }
  const stats = Object.fromEntries([...(await redis('INFO', 'stats')).matchAll(/^keyspace_(hits|misses):(\d+)/gm)].map(([, key, value]) => [key, Number(value)]));
  add('Redis', true, stats.hits);
  add('Redis', false, stats.misses);
  const [[found, read]] = await sql("select blks_hit, blks_read from pg_stat_database where datname = 'minschool'");
  add("PostgreSQL's buffers", true, Number(found));
  add("PostgreSQL's buffers", false, Number(read));
  return out;
}

/** Begins to count; the function that it gives ends it: {level: {hits, all}}. */
export async function countLevels(servers) {
  const before = await counts(servers);
  return async () => {
    const after = await counts(servers);
    const less = (level, key) => after[level][key] - (before[level]?.[key] ?? 0);
    return Object.fromEntries(Object.keys(after).map((level) => [level, { hits: less(level, 'hits'), all: less(level, 'all') }]));
  };
}
