// How many comments the posts of a spread have, and the addresses of their pages.
export const daysOfThread = 2;

const threadsPerPage = 50;  // of features/comments
const mostThreads = 300;
const withComments = 100_000;  // posts; a larger database has comments on every second, third, … post alone
const mixed = (id) => Number((BigInt(id) * 2654435761n & 4294967295n) % 1000n);

const step = (posts) => Math.ceil(posts / withComments);

/** SQL: most 0 to 3, a tenth 23, one in two hundred 300. */
export function commentsOf(id, posts) {
  const place = `(${id} * 2654435761 & 4294967295) % 1000`;
  return `case when ${id} % ${step(posts)} <> 0 then 0 when ${place} < 5 then ${mostThreads} when ${place} < 105 then 23 else ${place} % 4 end`;
}

/** The addresses of `count` posts among `posts` of the first board, spread over all of it; of long threads any page. */
export function addressesOf(posts, count) {
  const apart = step(posts) * Math.max(1, Math.floor(Math.min(posts, withComments) / count));
  const path = (id) => `/boards/bench-1/${id}`;
  const pageOf = (id) => (mixed(id) < 5 ? `?comments=${1 + (id / apart) % (mostThreads / threadsPerPage)}` : '');
  return Array.from({ length: Math.min(count, Math.floor(posts / apart)) }, (_, i) => (i + 1) * apart).map((id) => path(id) + pageOf(id));
}
