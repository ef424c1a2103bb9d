// AWS Signature Version 4, written apart from src/infra/storage/s3_sign.cpp so that each checks the other.
import crypto from 'node:crypto';

const account = 'S3RVER';
const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');

// request: {method, path, query (sorted, escaped), headers, names (of the signed headers), payload, time, scope}
function signature({ method, path, query, headers, names, payload, time, scope }) {
  const canonical = [method, path, query, ...names.map((name) => `${name}:${headers[name]}`), '', names.join(';'), payload].join('\n');
  const key = scope.reduce(hmac, `AWS4${account}`);
  return hmac(key, ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n')).toString('hex');
}

/** Whether the signature in the header or the query of the request is right: s3rver does not look. */
export function isSigned(request) {
  const url = new URL(request.url, 'http://s3');
  const inQuery = url.searchParams.has('X-Amz-Signature');
  const given = inQuery
    ? Object.fromEntries(['Credential', 'SignedHeaders', 'Signature'].map((name) => [name, url.searchParams.get(`X-Amz-${name}`)]))
    : Object.fromEntries((request.headers.authorization ?? '').replace('AWS4-HMAC-SHA256 ', '').split(',').map((part) => part.split(/=(.*)/)));
  const [key, ...scope] = (given.Credential ?? '').split('/');
  const names = (given.SignedHeaders ?? '').split(';');
  // S3 wants these signed, in a header all of them.
  const unsigned = Object.keys(request.headers).filter((name) => /^(host|content-type|x-amz-.*)$/.test(name) && !names.includes(name));
  const query = url.search.slice(1).split('&').filter((part) => part && !part.startsWith('X-Amz-Signature=')).sort().join('&');
  const right = signature({ method: request.method, path: url.pathname, query, headers: request.headers, names, scope,
    payload: inQuery ? 'UNSIGNED-PAYLOAD' : request.headers['x-amz-content-sha256'], time: url.searchParams.get('X-Amz-Date') ?? request.headers['x-amz-date'] });
  return key === account && (inQuery || unsigned.length === 0) && given.Signature === right;
}

/** The path with a query that lets anybody GET it from that host. */
export function presigned(host, path) {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [time.slice(0, 8), 'us-east-1', 's3', 'aws4_request'];
  const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${[account, ...scope].join('%2F')}&X-Amz-Date=${time}&X-Amz-Expires=900&X-Amz-SignedHeaders=host`;
  const made = signature({ method: 'GET', path, query, headers: { host }, names: ['host'], payload: 'UNSIGNED-PAYLOAD', time, scope });
  return `${path}?${query}&X-Amz-Signature=${made}`;
}
