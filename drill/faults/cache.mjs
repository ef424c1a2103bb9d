// The disk of Nginx's cache is full: the app servers make the pages, and no visitor notices.
import { stack } from '../drill.mjs';

export const cache = process.getuid() === 0 ? [{
  name: 'cache-full',
  title: "the disk of Nginx's cache is full",
  promises: {},
  run: (run) => run.fault(() => stack('nginx', 'full'), run.quick ? 2000 : 10_000, () => stack('nginx', 'room')),
  undo: () => stack('nginx', 'room'),
}] : [];
