// An S3 server for tests (npm s3rver) with bucket "files" in a new folder, behind a proxy that fails when it is told to:
//   node --openssl-legacy-provider tests/support/s3.mjs FOLDER     prints its port (s3rver uses an old cipher)
// FOLDER/fault holds "KIND COUNT [METHOD]": the next COUNT requests (with that method; COPY is a PUT that copies)
//   503, 507     get that status           hang         get no answer
//   cut          get half of the body      reset        reach the server, and their answer is lost
//   late         get 200 and an error in the body
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import S3rver from 's3rver';
import { isSigned } from './s3_signature.mjs';

const folder = process.argv[2];
const faults = path.join(folder, 'fault');

// What is to go wrong with a request of this method; counts it.
function takeFault(method) {
  const [kind, count, only] = fs.existsSync(faults) ? fs.readFileSync(faults, 'utf8').trim().split(' ') : [];
  if (!kind || Number(count) <= 0 || (only && only !== method)) return '';
  fs.writeFileSync(faults, `${kind} ${count - 1} ${only ?? ''}`);
  return kind;
}

const errorXml = (code) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as told &amp; asked</Message></Error>`;

const server = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: path.join(folder, 's3'), configureBuckets: [{ name: 'files' }] });
const { port } = await server.run();

const proxy = http.createServer((request, response) => {
  if (!isSigned(request)) {
    request.resume();
    request.on('end', () => response.writeHead(403).end(errorXml('SignatureDoesNotMatch')));
    return;
  }
  const fault = takeFault(request.headers['x-amz-copy-source'] ? 'COPY' : request.method);
  if (fault === 'hang') return;
  if (/^5/.test(fault)) {
    request.resume();
    request.on('end', () => response.writeHead(Number(fault), { 'Content-Type': 'application/xml' }).end(errorXml(fault === '507' ? 'InsufficientStorage' : 'SlowDown')));
    return;
  }
  if (fault === 'late') {
    request.resume();
    request.on('end', () => response.writeHead(200).end(errorXml('InternalError')));
    return;
  }
  // s3rver cannot abort a multipart upload.
  const upload = new URL(request.url, 'http://s3').searchParams.get('uploadId');
  if (request.method === 'DELETE' && upload) {
    fs.rmSync(path.join(folder, 's3/files/._S3rver_uploads', path.basename(upload)), { recursive: true, force: true });
    response.writeHead(204).end();
    return;
  }
  const onward = http.request({ host: '127.0.0.1', port, method: request.method, path: request.url, headers: request.headers }, (answer) => {
    if (fault === 'reset') return response.destroy();
    response.writeHead(answer.statusCode, answer.headers);
    if (fault !== 'cut') return answer.pipe(response);
    let left = Math.floor(Number(answer.headers['content-length'] ?? 0) / 2);
    answer.on('data', (bytes) => {
      if (left <= 0) return;
      left -= bytes.length;
      response.write(left < 0 ? bytes.subarray(0, left) : bytes, () => left <= 0 && response.destroy());
    });
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
});
proxy.keepAliveTimeout = 60_000;
proxy.listen(0, '127.0.0.1', () => console.log(proxy.address().port));
