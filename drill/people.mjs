// The members of the drills, made once: that they stay logged in through all drills is one of the promises.
import { Client, adminUrl, siteUrl } from '../tests/support/client.mjs';
import { logIn, newMember, password } from '../tests/support/members.mjs';
import { ApiWriter, LoginVisitor, CommentWriter, PostWriter, Reader, Staff } from './visitors.mjs';
import { topicsOf } from './watchers.mjs';

const counts = { guests: 8, readers: 8, posters: 2, commenters: 2, apiWriters: 2 };
const thinkMs = { reader: 100, writer: 150, staff: 250, login: 400 };
// Shares of all open pages: the list, the post with most comments, and members' own posts. The rest are posts without changes.
const shares = { list: 0.2, busy: 0.1, own: 0.01 };
const staffEmail = 'admin@minschool.test';

async function member() {
  const { client, email, name } = await newMember();
  return { email, name, password, shown: true, cookies: new Map(client.cookies) };
}

async function oneByOne(times, make) {
  const made = [];
  for (let i = 0; i < times; i++) made.push(await make());
  return made;
}

export class People {
  static async make() {
    const people = new People();
    people.readers = await oneByOne(counts.readers, member);
    people.writers = await oneByOne(counts.posters + counts.commenters + counts.apiWriters, member);
    people.loginMember = await member();
    people.prober = await member();
    people.staff = { email: staffEmail, name: staffEmail, cookies: (await logIn(staffEmail, { base: adminUrl })).cookies };
    const boards = (await people.client(people.prober).get('/api/v1/boards')).json().items;
    people.board = boards.find((board) => board.may_write && board.may_comment).slug;
    return people;
  }

  /** A client of its own with the member's present cookies, outside of the load. */
  client({ cookies }, base = siteUrl) {
    const client = new Client(base);
    client.cookies = new Map(cookies);
    return client;
  }

  /** Members whom an earlier drill logged out log in again, so that each drill counts its own logouts. */
  async logInAgain() {
    for (const one of [...this.readers, ...this.writers, this.prober]) {
      if ((await this.client(one).get('/api/v1/me')).status !== 200) one.cookies = (await logIn(one.email)).cookies;
    }
    if ((await this.client(this.staff, adminUrl).get('/')).status !== 200) {
      this.staff.cookies = (await logIn(staffEmail, { base: adminUrl })).cookies;
    }
  }

  /** At the end of a drill every member's own page must show the member's name; otherwise the member was logged out. */
  async checkLoggedIn(log) {
    for (const one of [...this.readers, ...this.writers, this.prober]) {
      const page = await this.client(one).get('/my');
      if (page.status === 200 && page.text.includes(`account-name"><bdi>${one.name}<`)) continue;
      log.loggedOut.add(one.email);
      log.example(`afterwards ${one.email} had no page of their own: ${page.status} ${page.location ?? ''}`);
    }
  }

  /** Writes a post, for comments or for acts in the Admin; gives its id. */
  async post(title, author = this.prober) {
    const answer = await this.client(author).post(`/api/v1/boards/${this.board}/posts`, { json: { title, content: '훈련에 쓰는 글' } });
    if (answer.status !== 201) throw new Error(`the post before the drill was not written: ${answer.status}`);
    return answer.json().id;
  }

  /** The posts of one drill: `quiet` has one of each reader. */
  async posts() {
    const quiet = [];
    for (const reader of this.readers) quiet.push(await this.post('조용한 글', reader));
    return { post: await this.post('댓글을 다는 글'), acted: await this.post('운영진이 숨기는 글'), quiet };
  }

  /** The `many` pages that are open during a drill, as Watchers.open takes them. */
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
    const remaining = many - pages.reduce((sum, one) => sum + one.many, 0);
    for (const [i, id] of quiet.entries()) pages.push(await page(path(id), (Math.floor((remaining + i) / quiet.length)) / many));
    return pages;
  }

  /** The visitors of one drill. `gateway`: Nginx's own 502 and 504 count as a clear refusal. */
  visitors({ post, acted, quiet }, log, gateway) {
    const board = this.board;
    log.pathsOfActed = ['/', `/boards/${board}`, `/boards/${board}?page=2`, `/boards/${board}/${post}`];
    const paths = [...log.pathsOfActed, '/boards/notice', '/boards/news'];
    const common = { log, gateway, board, post, posts: [post, ...quiet] };
    const writer = (Kind, name) => (one) => new Kind(name, siteUrl, { ...common, member: one, thinkMs: thinkMs.writer });
    const { posters, commenters } = counts;
    return [
      ...Array.from({ length: counts.guests }, () => new Reader('guest', siteUrl, { ...common, paths, thinkMs: thinkMs.reader })),
      ...this.readers.map((one) => new Reader('reader', siteUrl, { ...common, member: one, paths: [...paths, '/my'], thinkMs: thinkMs.reader })),
      ...this.writers.slice(0, posters).map(writer(PostWriter, 'poster')),
      ...this.writers.slice(posters, posters + commenters).map(writer(CommentWriter, 'commenter')),
      ...this.writers.slice(posters + commenters).map(writer(ApiWriter, 'api')),
      new LoginVisitor('login', siteUrl, { ...common, account: this.loginMember, thinkMs: thinkMs.login }),
      new Staff('staff', adminUrl, { ...common, member: this.staff, post: acted, thinkMs: thinkMs.staff }),
    ];
  }
}
