-- expand: A page of threads is one range of one index, and its rows hold all that the page shows of them.

-- Threads of a post are numbered 1, 2, … in the order in which they were begun, so that a page of 50 is a range.
alter table post_counters add threads bigint not null default 0;  -- removed ones too

alter table comments
  add thread bigint,                      -- of the post; a reply has its thread's
  add author_name text,
  add by_staff boolean,                   -- the author acts for the site
  add likes bigint not null default 0;
drop index comments_top_level_idx, comments_root_id_id_idx;
update comments c set thread = t.thread, author_name = u.name, by_staff = u.role >= 2, likes = coalesce(k.likes, 0)
  from (select id, dense_rank() over (partition by post_id order by coalesce(root_id, id)) as thread from comments) t
  join comments o on o.id = t.id join users u on u.id = o.author_id left join comment_counters k on k.comment_id = o.id
 where c.id = t.id;
update post_counters p set threads = c.threads
  from (select post_id, max(thread) as threads from comments group by post_id) c where c.post_id = p.post_id;
alter table comments
  alter column thread set not null, alter column author_name set not null, alter column by_staff set not null,
  set (fillfactor = 90);                  -- a like stays in its page and writes no index
create index comments_post_id_thread_id_idx on comments (post_id, thread, id);
-- What a post's readers read together stands together; what is written later stands in the order of writing.
cluster comments using comments_post_id_thread_id_idx;
alter table comments set without cluster;

drop table comment_counters cascade;
