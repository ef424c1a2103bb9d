// Which addresses visitors ask for: drawn from a list, the same in every run.
import { seeded } from '../../tests/support/changes.mjs';

const random = seeded(20_261_130);

/** All of them once, in an order without a pattern. */
export function shuffled(list) {
  const order = [...list];
  for (let i = order.length - 1; i > 0; --i) {
    const other = Math.floor(random() * (i + 1));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}

/** `count` draws, each address as likely as any other. */
export const uniform = (list, count) => Array.from({ length: count }, () => list[Math.floor(random() * list.length)]);

/** `count` draws after Zipf's law with s = 1: the second address is asked for half as often as the first. */
export function zipf(list, count) {
  const sums = new Float64Array(list.length);
  let sum = 0;
  for (let i = 0; i < list.length; ++i) sums[i] = sum += 1 / (i + 1);
  const place = (share) => {
    let [low, high] = [0, list.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < share) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return Array.from({ length: count }, () => list[place(random() * sum)]);
}
