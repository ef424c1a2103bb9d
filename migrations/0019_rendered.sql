-- expand: HTML that an older renderer made is found without reading all texts.
create index posts_rendered on posts (renderer, id);
create index comments_rendered on comments (renderer, id);
