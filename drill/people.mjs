// The members of a drill, made once: they stay logged in through all drills, which is one of the things to show.
import { Client, adminUrl, siteUrl } from '../tests/support/client.mjs';
import { joined, loggedIn, password } from '../tests/support/members.mjs';
import { ApiWriter, Comer, CommentWriter, PostWriter, Reader, Staff } from './visitors.mjs';
import { topicsOf } from './watchers.mjs';

const counts = { guests: 8, readers: 8, posters: 2, commenters: 2, apiWriters: 2 };
const thinkMs = { reader: 100, writer: 150, staff: 250, comer: 400 };
// Of all open pages: the list, and the post with most comments; members look at their own posts. Others have a quiet one.
const shares = { list: 0.2, busy: 0.1, own: 0.01 };
const staffEmail = 'admin@minschool.test';

async function member() {
  const { client, email, name } = await joined();
  return { email, name, password, shown: true, cookies: new Map(client.cookies) };
}

async function inTurn(times, make) {
  const made = [];
  for (let i = 0; i < times; i++) made.push(await make());
  return made;
}

export class People {
  static async make() {
    const people = new People();
    people.readers = await inTurn(counts.readers, member);
    people.writers = await inTurn(counts.posters + counts.commenters + counts.apiWriters, member);
    people.comer = await member();
    people.prober = await member();
    people.staff = { email: staffEmail, name: staffEmail, cookies: (await loggedIn(staffEmail, { base: adminUrl })).cookies };
    const boards = (await people.client(people.prober).get('/api/v1/boards')).json().items;
    people.board = boards.find((board) => board.may_write && board.may_comment).slug;
    return people;
  }

  /** That member with the cookies of now, outside of the load. */
  client({ cookies }, base = siteUrl) {
    const client = new Client(base);
    client.cookies = new Map(cookies);
    return client;
  }

  /** Who was logged out by an earlier drill logs in again, so that each drill counts its own. */
  async return() {
    for (const one of [...this.readers, ...this.writers, this.prober]) {
      if ((await this.client(one).get('/api/v1/me')).status !== 200) one.cookies = (await loggedIn(one.email)).cookies;
    }
    if ((await this.client(this.staff, adminUrl).get('/')).status !== 200) {
      this.staff.cookies = (await loggedIn(staffEmail, { base: adminUrl })).cookies;
    }
  }

  /** At the end of a drill every member's own page still has the name: who does not see it was logged out. */
  async demandLoggedIn(ledger) {
    for (const one of [...this.readers, ...this.writers, this.prober]) {
      const page = await this.client(one).get('/my');
      if (page.status === 200 && page.text.includes(`account-name"><bdi>${one.name}<`)) continue;
      ledger.loggedOut.add(one.email);
      ledger.example(`afterwards ${one.email} had no page of their own: ${page.status} ${page.location ?? ''}`);
    }
  }

  /** A new post, for comments or for the Admin's acts. */
  async post(title, author = this.prober) {
    const answer = await this.client(author).post(`/api/v1/boards/${this.board}/posts`, { json: { title, content: '훈련에 쓰는 글' } });
    if (answer.status !== 201) throw new Error(`no post could be written before the drill: ${answer.status}`);
    return answer.json().id;
  }

  /** The posts of one drill: `quiet` is one of each reader. */
  async posts() {
    const quiet = [];
    for (const reader of this.readers) quiet.push(await this.post('조용한 글', reader));
    return { post: await this.post('댓글을 다는 글'), acted: await this.post('운영진이 숨기는 글'), quiet };
  }

  /** What `many` have open during a drill, as Watchers.open takes it. */
  async pages({ post, quiet }, many) {
    const path = (id) => `/boards/${this.board}/${id}`;
    const page = async (where, share, member) => ({
      topics: await topicsOf(this.client(member ?? { cookies: [] }), where), cookies: member?.cookies, many: Math.ceil(many * share),
    });
    const pages = [
      await page(`/boards/${this.board}`, shares.list),
      await page(path(post), shares.busy),
      await page(path(post), shares.own, this.prober),
    ];
    for (const [i, id] of quiet.entries()) pages.push(await page(path(id), shares.own, this.readers[i]));
    const left = many - pages.reduce((sum, one) => sum + one.many, 0);
    for (const [i, id] of quiet.entries()) pages.push(await page(path(id), (Math.floor((left + i) / quiet.length)) / many));
    return pages;
  }

  /** The visitors of one drill. `gateway`: what Nginx says instead of an app server is clear enough. */
  visitors({ post, acted, quiet }, ledger, gateway) {
    const board = this.board;
    const paths = ['/', `/boards/${board}`, `/boards/${board}?page=2`, `/boards/${board}/${post}`, '/boards/notice', '/boards/news'];
    const common = { ledger, gateway, board, post, posts: [post, ...quiet] };
    const writer = (Kind, name) => (one) => new Kind(name, siteUrl, { ...common, member: one, thinkMs: thinkMs.writer });
    const { posters, commenters } = counts;
    return [
      ...Array.from({ length: counts.guests }, () => new Reader('guest', siteUrl, { ...common, paths, thinkMs: thinkMs.reader })),
      ...this.readers.map((one) => new Reader('reader', siteUrl, { ...common, member: one, paths: [...paths, '/my'], thinkMs: thinkMs.reader })),
      ...this.writers.slice(0, posters).map(writer(PostWriter, 'poster')),
      ...this.writers.slice(posters, posters + commenters).map(writer(CommentWriter, 'commenter')),
      ...this.writers.slice(posters + commenters).map(writer(ApiWriter, 'api')),
      new Comer('comer', siteUrl, { ...common, account: this.comer, thinkMs: thinkMs.comer }),
      new Staff('staff', adminUrl, { ...common, member: this.staff, post: acted, thinkMs: thinkMs.staff }),
    ];
  }
}
