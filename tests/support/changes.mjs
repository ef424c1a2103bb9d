// Random changes by random members on random app servers, on a board of their own, and what every page must show afterwards.
// For the test that no stale page is shown, and for the benchmark of the delay.
import { randomUUID } from 'node:crypto';

const maxPosts = 8;  // all on the first page of the list

/** Random numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const good = (answer, what) => {
  if (answer.status >= 400) throw new Error(`${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
  return answer;
};

export class Changes {
  /**
   * @param {() => number} random
   * @param {Client[][]} members  at least two, each at every app server
   * @param {Client} admin  in the Admin
   */
  constructor({ random, members, admin }) {
    Object.assign(this, { random, members, admin, posts: [], facts: new Map(), slug: `t-${randomUUID().slice(0, 8)}` });
  }

  #below(count) { return Math.floor(this.random() * count); }
  #pick(list) { return list[this.#below(list.length)]; }
  #at(member) { return this.#pick(this.members[member]); }
  #form(name) {
    return { slug: this.slug, name, description: '', read_role: 'guest', write_role: 'member', comment_role: 'member' };
  }
  get list() { return `/boards/${this.slug}`; }
  #page(post) { return `${this.list}/${post.id}`; }

  /** Records what a page must show from now on, in place of an earlier fact of the same key. */
  #fact(key, what, path, sees) {
    const fact = { what, path, sees };
    this.facts.set(key, fact);
    return fact;
  }

  /** Makes the board and its first posts. */
  async begin() {
    good(await this.admin.post('/boards/new', { form: this.#form('처음 이름') }), 'a board');
    const list = (await this.admin.get('/boards')).text;
    // The last one of the list is the newest.
    this.board = Number([...list.matchAll(/href="\/boards\/(\d+)"/g)].map(([, id]) => id).reduce((a, b) => (Number(a) > Number(b) ? a : b)));
    for (const member of this.members.keys()) await this.#write(member);
  }

  async #write(author = this.#below(this.members.length)) {
    const title = `글 ${randomUUID()}`;
    const post = { title, author, likes: new Set(), comments: 0 };
    post.id = good(await this.#at(author).post(`/api/v1/boards/${this.slug}/posts`, { json: { title, content: '본문' } }), 'a post').json().id;
    this.posts.push(post);
    return this.#titled(post, 'a new post');
  }

  #titled({ id, title }, what, gone = '') {
    return this.#fact(`title ${id}`, what, this.list, (text) => text.includes(title) && !(gone && text.includes(gone)));
  }

  async #comment() {
    const post = this.#pick(this.posts);
    const content = `댓글 ${randomUUID()}`;
    good(await this.#at(this.#below(this.members.length)).post(`/api/v1/posts/${post.id}/comments`, { json: { content } }), 'a comment');
    const count = ++post.comments;
    this.#fact(`count ${post.id}`, 'the number of comments', this.list, (text) => text.includes(`/span> ${count}<`));
    return this.#fact(`comment ${post.id}`, 'a new comment', this.#page(post), (text) => text.includes(content));
  }

  async #retitle() {
    const post = this.#pick(this.posts);
    const before = post.title;
    post.title = `고친 글 ${randomUUID()}`;
    good(await this.#at(post.author).patch(`/api/v1/posts/${post.id}`, { json: { title: post.title } }), 'a title');
    const { id, title } = post;
    this.#titled(post, 'a title in the list', before);
    return this.#fact(`page ${id}`, 'a title', this.#page(post), (text) => text.includes(title) && !text.includes(before));
  }

  async #like() {
    const post = this.#pick(this.posts);
    const member = this.#below(this.members.length);
    const method = post.likes.delete(member) ? 'DELETE' : (post.likes.add(member), 'PUT');
    good(await this.#at(member).request(method, `/api/v1/posts/${post.id}/like`), 'a like');
    const count = post.likes.size;
    return this.#fact(`likes ${post.id}`, 'a like', this.#page(post), (text) => new RegExp(`좋아요 ${count}<`).test(text));
  }

  async #rename() {
    const { author } = this.#pick(this.posts);
    const name = `이름${randomUUID().slice(0, 8)}`;
    good(await this.#at(author).post('/my/name', { form: { name } }), 'a name');
    const mine = () => this.posts.some((post) => post.author === author);
    return this.#fact(`name ${author}`, 'a name', this.list, (text) => text.includes(name) || !mine());
  }

  async #changeBoard() {
    const name = `게시판 ${randomUUID().slice(0, 8)}`;
    good(await this.admin.post(`/boards/${this.board}`, { form: this.#form(name) }), 'a board');
    return this.#fact('board', 'the name of a board', this.list, (text) => text.includes(name));
  }

  async #remove() {
    if (this.posts.length <= maxPosts) return this.#write();
    const [post] = this.posts.splice(this.#below(this.posts.length), 1);
    good(await this.#at(post.author).delete(`/api/v1/posts/${post.id}`), 'a deletion');
    for (const key of ['comment', 'page', 'likes', 'count', 'title']) this.facts.delete(`${key} ${post.id}`);
    return this.#fact(`gone ${post.id}`, 'that a post is gone', this.list, (text) => !text.includes(post.title));
  }

  /** Makes a random change, and gives the page that must show it: {what, path, sees(text)}. */
  next() {
    const acts = [this.#remove, this.#comment, this.#comment, this.#retitle, this.#like, this.#like, this.#rename, this.#changeBoard];
    return this.#pick(acts).call(this);
  }

  /** A page with an earlier change, and what it must show. */
  earlier() { return this.#pick([...this.facts.values()]); }
}
