// Checks answers of the API against its description, and records which of the described answers were tested.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const prefix = '/api/v1';
const spec = JSON.parse(readFileSync(new URL('../../src/apps/site/openapi.json', import.meta.url), 'utf8'));
// Not strict: the whole document is added as one schema, and most of it is none.
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(spec, 'openapi.json');

const pointer = (...parts) => '#/' + parts.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/');

function at(reference) {
  const parts = reference.slice(2).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return parts.reduce((value, part) => value?.[part], spec);
}

/** Asserts that an answer matches the description at `reference`: content type, body, required headers. */
function assertFits(answer, reference, what) {
  const described = at(reference);
  for (const [name, header] of Object.entries(described.headers ?? {})) {
    assert.ok(!header.required || answer.headers[name.toLowerCase()], `${what}: header ${name}`);
  }
  const [type] = Object.keys(described.content ?? {});
  if (!type) {
    assert.equal(answer.text, '', `${what}: no body`);
    return;
  }
  assert.equal(answer.headers['content-type']?.split(';')[0], type, what);
  const validate = ajv.compile({ $ref: `openapi.json${reference}${pointer('content', type, 'schema').slice(1)}` });
  assert.ok(validate(answer.json()), `${what}: ${ajv.errorsText(validate.errors)}\n${answer.text.slice(0, 500)}`);
  if (type === 'application/problem+json') assert.match(answer.json().detail, /[가-힣]/, what);
}

/** Asserts that an answer is the response of that name in the description's components. */
export const assertResponse = (answer, name) => assertFits(answer, pointer('components', 'responses', name), name);

/** Calls operations by the paths of the description; every answer must be one that it describes. */
export class Api {
  static #tested = new Set();

  constructor(client) { this.client = client; }

  /**
   * call(201, 'POST', '/posts/{id}/comments', { id: 7 }, { json: {...} }) asserts that status and the described answer.
   * @returns the answer of Client.request, with `body`: its JSON
   */
  async call(status, method, template, parameters = {}, { query, ...options } = {}) {
    const path = template.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(parameters[name]));
    const search = query ? '?' + new URLSearchParams(query) : '';
    const answer = await this.client.request(method, prefix + path + search, options);
    const what = `${method} ${path}${search} ${answer.status}`;
    assert.equal(answer.status, status, `${what}: ${answer.text.slice(0, 500)}`);
    const key = [template, method.toLowerCase(), 'responses', status];
    let reference = pointer('paths', ...key);
    assert.ok(at(reference), `${what} is not described`);
    reference = at(reference).$ref ?? reference;
    assertFits(answer, reference, what);
    Api.#tested.add(pointer('paths', ...key));
    return Object.assign(answer, { body: answer.text === '' ? undefined : answer.json() });
  }

  /** The described answers that no call has tested yet, except the statuses `besides`. */
  static untested(besides) {
    const all = operations().flatMap(({ method, template, operation }) =>
      Object.keys(operation.responses).map((status) => [pointer('paths', template, method, 'responses', status), status]));
    return all.filter(([key, status]) => !besides.includes(Number(status)) && !Api.#tested.has(key)).map(([key]) => key);
  }
}

/** Every operation of the description: {template, method, operation}. */
export function operations() {
  const methods = ['get', 'post', 'put', 'patch', 'delete'];
  return Object.entries(spec.paths).flatMap(([template, item]) =>
    methods.filter((method) => item[method]).map((method) => ({ template, method, operation: item[method] })));
}
