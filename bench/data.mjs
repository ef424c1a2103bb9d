// Prints SQL that fills an empty, migrated database: `node bench/data.mjs POSTS[,POSTS…] COMMENTS`. So many posts are on the
// first board, the second, …; comments on all alike or, with the word `spread` for their number, as sites have them
// (spread/posts.mjs). PostgreSQL makes the rows itself, a million in half a minute: without triggers, whose sums are written
// in the end, and with most indexes built when the rows are there. To be run as superuser.
import { commentsOf, daysOfThread, notificationsOfReader, readers } from './spread/posts.mjs';

const sizes = process.argv[2].split(',').map(Number);
const spread = process.argv[3] === 'spread';
const comments = spread ? 0 : Number(process.argv[3]);
const posts = sizes.reduce((sum, size) => sum + size, 0);
const members = 1000;
const years = 2;
const boards = Math.max(6, sizes.length);
// So many posts that the texts, which lists do not read, would fill the disk.
const shortFrom = 1_000_000;

const subjects = ['봄 소풍', '정기 총회', '보조기기 대여', '자원봉사 교육', '급식 식단', '체험 학습', '방학 프로그램', '후원 음악회'];
const endings = ['안내드립니다', '신청을 받습니다', '후기를 남깁니다', '일정이 바뀌었습니다', '사진을 올립니다', '질문이 있습니다'];
const sentence = '이번 주 금요일 오후 두 시에 본관 2층 강당에서 모입니다. 휠체어로 오시는 분은 동문 경사로를 이용해 주세요. ';
const reply = '알려 주셔서 감사합니다. 저희 아이도 함께 참여하겠습니다.';

// Members and threads in an order without a pattern that is the same in every run (Knuth's multiplicative hash).
const mix = (n, below) => `((${n}) * 2654435761 & 4294967295) % ${below}`;
const pick = (list, n) => `(array[${list.map((text) => `'${text}'`).join(', ')}])[${n} % ${list.length} + 1]`;
const text = posts >= shortFrom ? `'모입니다.'` : `repeat('${sentence}', (2 + ${mix('n', 6)})::int)`;
const at = (size, number) => `now() - (${size} - ${number}) * interval '${(years * 365 * 86_400) / size} seconds'`;
const without = ['posts', 'post_counters', 'comments'].map((table) => `'${table}'`).join(', ');

console.log(`begin;
set local synchronous_commit = off;
set local maintenance_work_mem = '512MB';
set local work_mem = '256MB';
set local session_replication_role = replica;
create temp table built_later on commit drop as
  select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as sql from pg_index i
   where i.indrelid::regclass::text in (${without}) and not exists (select from pg_constraint c where c.conindid = i.indexrelid);
do $$ declare line record; begin
  for line in select name from built_later loop execute 'drop index ' || line.name; end loop;
end $$;
insert into boards (id, slug, name, description, position)
  select n, 'bench-' || n, '게시판 ' || n, '측정하는 게시판', n from generate_series(1, ${boards}) n;
insert into users (id, email, password_hash, name)
  select n, 'bench-' || n || '@minschool.test', '!', ${pick(['김하늘', '이바다', '박새봄', '최가람'], 'n')} from generate_series(1, ${members}) n;`);
let before = 0;
for (const [i, size] of sizes.entries()) {
  console.log(`insert into posts (id, board_id, number, author_id, title, content, content_html, created_at)
  select ${before} + n, ${i + 1}, n, 1 + ${mix('n', members)}, ${pick(subjects, mix('n', 97))} || ' ' || ${pick(endings, mix('n', 89))} || ' (' || n || ')',
         text, '<p>' || text || '</p>', ${at(size, 'n')}
    from (select n, ${text} as text from generate_series(1::bigint, ${size}) n) n;
update boards set last_number = ${size}, visible_posts = ${size} where id = ${i + 1};`);
  before += size;
}
// Written in the order of their times, so that a thread's comments stand among those of other posts.
const written = `select row_number() over (order by p.created_at + k.place * k.pause), p.id, k.place, p.created_at + k.place * k.pause
    from posts p, lateral (select place, interval '${daysOfThread} days' / count as pause from (select ${commentsOf('p.id', posts)} as count) c,
                                  generate_series(1, count) place) k`;
const evenly = `select n, p.id, n, p.created_at from generate_series(1::bigint, ${comments}) n join posts p on p.id = 1 + ${mix('n', posts)}`;
console.log(`insert into comments (id, post_id, thread, author_id, author_name, by_staff, content, content_html, created_at)
  select n, post, row_number() over (partition by post order by n), u.id, u.name, false, '${reply}', '<p>${reply}</p>', at
    from (${spread ? written : evenly}) c (n, post, place, at) join users u on u.id = 1 + ${mix('n + 7', members)} order by n;
insert into post_counters (post_id, board_id, number, author_id, created_at, views, comments, threads, notice, visible, author_name, title)
  select p.id, p.board_id, p.number, p.author_id, p.created_at, p.id % 997, coalesce(c.count, 0), coalesce(c.count, 0), p.notice,
         p.visible, u.name, p.title
    from posts p join users u on u.id = p.author_id left join (select post_id, count(*) from comments group by 1) c on c.post_id = p.id
   order by p.id;
do $$ declare line record; begin
  for line in select sql from built_later loop execute line.sql; end loop;
end $$;
select ms_rebuild_post_places() \\g /dev/null`);
if (spread) {
  console.log(`insert into notifications (user_id, number, kind, actor_id, post_id, comment_id, reason, created_at)
  select u.id, row_number() over (partition by u.id order by c.id), 3, c.author_id, c.post_id, c.id, '', c.created_at
    from generate_series(1, ${readers}) u(id), lateral (select c.* from posts p join comments c on c.post_id = p.id
      where p.author_id = u.id and c.author_id <> u.id order by c.id desc limit ${notificationsOfReader}) c;
insert into notification_counts (user_id, number, unread) select user_id, max(number), count(*) from notifications group by user_id;`);
}
for (const table of ['users', 'boards', 'posts', 'comments']) {
  console.log(`select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table})) \\g /dev/null`);
}
console.log("notify boards, '';\ncommit;\nvacuum analyze;");
