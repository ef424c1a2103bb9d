-- expand: what people wrote is in Normalization Form C, as what they write from now on, so that each finds the other.

-- Who looks for one finds both; keyboards of macOS write Form D. An address that would become another member's stays.
update users u set email = lower(normalize(email, nfc))
 where email is not nfc normalized
   and not exists (select from users o where o.id <> u.id and o.email = lower(normalize(u.email, nfc)));
update users set name = normalize(name, nfc) where name is not nfc normalized;
update boards set name = normalize(name, nfc), description = normalize(description, nfc)
 where name is not nfc normalized or description is not nfc normalized;
update posts set title = normalize(title, nfc), content = normalize(content, nfc), content_html = normalize(content_html, nfc)
 where title is not nfc normalized or content is not nfc normalized;
update comments set content = normalize(content, nfc), content_html = normalize(content_html, nfc)
 where content is not nfc normalized;

-- Whom nobody may pass for: asked when somebody takes a name.
create index users_of_staff on users (id) where role >= 2;
