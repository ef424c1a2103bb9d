// Prints SQL that fills an empty, migrated database: `node bench/data.mjs POSTS COMMENTS`. All posts are on the
// first board. The triggers that count row by row are off, and their sums are written in the end.
const [posts, comments] = process.argv.slice(2).map(Number);
const members = 1000;
const years = 2;
const board = 1;

const subjects = ['봄 소풍', '정기 총회', '보조기기 대여', '자원봉사 교육', '급식 식단', '체험 학습', '방학 프로그램', '후원 음악회'];
const endings = ['안내드립니다', '신청을 받습니다', '후기를 남깁니다', '일정이 바뀌었습니다', '사진을 올립니다', '질문이 있습니다'];
const sentence = '이번 주 금요일 오후 두 시에 본관 2층 강당에서 모입니다. 휠체어로 오시는 분은 동문 경사로를 이용해 주세요. ';
const reply = '알려 주셔서 감사합니다. 저희 아이도 함께 참여하겠습니다.';

const step = (years * 365 * 86_400_000) / posts;
const now = Date.now();
const at = (age) => new Date(now - age).toISOString();
const pick = (list, n) => list[n % list.length];
// Members and threads in an order that is no pattern but the same in every run (Knuth's multiplicative hash).
const mix = (n, below) => ((n * 2654435761) >>> 0) % below;

let waiting = '';
function put(line) {
  waiting += line + '\n';
  if (waiting.length < 1 << 16) return;
  process.stdout.write(waiting);
  waiting = '';
}
function copy(target, count, row) {
  put(`copy ${target} from stdin;`);
  for (let n = 1; n <= count; ++n) put(row(n).join('\t'));
  put('\\.');
}

put(`begin;
set local synchronous_commit = off;
alter table posts disable trigger user;
alter table comments disable trigger user;
insert into boards (id, slug, name, description, position)
  select n, 'bench-' || n, '게시판 ' || n, '측정하는 게시판', n from generate_series(1, 6) n;
insert into users (id, email, password_hash, name)
  select n, 'bench-' || n || '@minschool.test', '!', (array['김하늘', '이바다', '박새봄', '최가람'])[n % 4 + 1] from generate_series(1, ${members}) n;`);
copy('posts (id, board_id, number, author_id, title, content, content_html, created_at)', posts, (n) => {
  const text = sentence.repeat(2 + mix(n, 6));
  const title = `${pick(subjects, mix(n, 97))} ${pick(endings, mix(n, 89))} (${n})`;
  return [n, board, n, 1 + mix(n, members), title, text, `<p>${text}</p>`, at((posts - n) * step)];
});
copy('comments (id, post_id, author_id, content, content_html, created_at)', comments, (n) => {
  const post = 1 + mix(n, posts);
  return [n, post, 1 + mix(n + 7, members), reply, `<p>${reply}</p>`, at((posts - post) * step)];
});
put(`insert into post_counters (post_id, views, comments)
  select p.id, p.id % 997, coalesce(c.count, 0) from posts p left join (select post_id, count(*) from comments group by 1) c on c.post_id = p.id;
insert into post_stretches select board_id, number >> 10, count(*) from posts group by 1, 2;
update boards set last_number = ${posts}, visible_posts = ${posts} where id = ${board};
alter table posts enable trigger user;
alter table comments enable trigger user;`);
for (const table of ['users', 'boards', 'posts', 'comments']) {
  put(`select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table})) \\g /dev/null`);
}
put("notify boards, '';\ncommit;\nvacuum analyze;");
process.stdout.write(waiting);
