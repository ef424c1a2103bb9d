// What the database of a spread holds (bench/data.mjs), and the addresses of its pages. Its boards are alike.
export const daysOfThread = 2;
export const readers = 200;  // members 1, 2, … who read; they have notifications
export const notificationsOfReader = 60;

const perPage = 20;
const lastLinkedPage = 999;  // further ones are of no saved page
const threadsPerPage = 50;   // of features/comments
const mostThreads = 300;
const withComments = 100_000;  // posts; a larger database has comments on every second, third, … post alone
const mixed = (id) => Number((BigInt(id) * 2654435761n & 4294967295n) % 1000n);

const step = (posts) => Math.ceil(posts / withComments);

/** SQL: most 0 to 3, a tenth 23, one in two hundred 300. */
export function commentsOf(id, posts) {
  const place = `(${id} * 2654435761 & 4294967295) % 1000`;
  return `case when ${id} % ${step(posts)} <> 0 then 0 when ${place} < 5 then ${mostThreads} when ${place} < 105 then 23 else ${place} % 4 end`;
}

/** The addresses of all posts that may have comments; of long threads any page. `sizes`: posts of each board. */
export function postAddresses(sizes) {
  const posts = sizes.reduce((sum, size) => sum + size, 0);
  const apart = step(posts);
  const pageOf = (id) => (mixed(id) < 5 ? `?comments=${1 + (id / apart) % (mostThreads / threadsPerPage)}` : '');
  return Array.from({ length: Math.floor(posts / apart) }, (_, i) => (i + 1) * apart)
    .map((id) => `/boards/bench-${Math.ceil(id / sizes[0])}/${id}${pageOf(id)}`);
}

/** The addresses of all pages of all boards' lists. */
export const listAddresses = (sizes) => sizes.flatMap((size, i) =>
  Array.from({ length: Math.min(lastLinkedPage, Math.ceil(size / perPage)) }, (_, page) => `/boards/bench-${i + 1}?page=${page + 1}`));

export const memberAddresses = (members) => Array.from({ length: members }, (_, i) => `/members/${i + 1}`);
