// The disk of Nginx's cache is full: pages come from the app servers, and nobody notices.
import { stack } from '../drill.mjs';

export const cache = process.getuid() === 0 ? [{
  name: 'cache-full',
  title: "the disk of Nginx's cache is full",
  promises: {},
  run: (course) => course.fault(() => stack('nginx', 'full'), course.quick ? 2000 : 10_000, () => stack('nginx', 'room')),
  undo: () => stack('nginx', 'room'),
}] : [];
