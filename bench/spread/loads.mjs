// The loads of a spread: which pages, who reads them and in which order.
import { shuffled, uniform, zipf } from './addresses.mjs';
import { listAddresses, memberAddresses, postAddresses, readers } from './posts.mjs';

const few = 4000;
const draws = 200_000;
const sampled = 200;  // pages of each kind, for their mean size
const thousands = (count) => count.toLocaleString('en');

/**
 * Loads are {kind, name, goals: {guest, member}, warm, lines}: `lines(visitors)` are the addresses in the order in which they are
 * asked for. A load that is not warm asks for each address once, others for guests than for members. `samples` are
 * addresses of each kind that no load of that sort asks for.
 */
export function loadsOf({ sizes, members }) {
  const posts = postAddresses(sizes);
  const rest = shuffled(posts);
  const samples = { post: rest.splice(0, sampled), list: listAddresses(sizes).slice(0, sampled), profile: memberAddresses(sampled), my: ['/my'], notifications: ['/notifications'] };
  const hot = rest.splice(0, Math.min(few, posts.length >> 2));
  const once = { guest: rest.splice(0, rest.length >> 1), member: rest };
  const lists = listAddresses(sizes);
  const profiles = memberAddresses(members);
  const warm = (kind, name, lines, goals) => ({ kind, name, goals, warm: true, lines: () => lines });
  const ofMembers = (kind, name, list) => warm(kind, name, uniform(list, draws), { member: '' });
  const loads = [
    { kind: 'post', name: 'post, asked for once', goals: { guest: '', member: '≤ 4' }, lines: (visitors) => once[visitors] },
    warm('post', `post, any of ${thousands(hot.length)}`, uniform(hot, draws), { guest: '≤ 1.3', member: '≤ 1.6' }),
    warm('post', `post, Zipf over ${thousands(posts.length)}`, zipf(shuffled(posts), draws), { guest: '≤ 1.3', member: '≤ 1.6' }),
    warm('list', `board list, any of ${thousands(lists.length)}`, uniform(lists, draws), { guest: '', member: '' }),
    warm('list', `board list, Zipf over ${thousands(lists.length)}`, zipf(shuffled(lists), draws), { guest: '', member: '' }),
    ofMembers('profile', `profile, any of ${thousands(profiles.length)}`, profiles),
    ofMembers('my', `/my, any of ${readers} members`, samples.my),
    ofMembers('notifications', `notifications, any of ${readers} members`, samples.notifications),
  ];
  return { loads, samples };
}
