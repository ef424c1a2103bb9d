-- wrk's script for comments: another member under another post each time, with an id as Nginx gives one.
-- Arguments: a file of cookies, how many posts, "form" or "api", the members who write, what the ids begin with.
local cookies, posts, api, begin = {}, 0, false, ""
local number = 0
local text = "저희 아이도 함께 참여하겠습니다. 준비물이 있으면 알려 주세요."

local function encoded(words)
  return (words:gsub("[^%w]", function(c) return string.format("%%%02X", c:byte()) end))
end

function init(args)
  for line in io.lines(args[1]) do cookies[#cookies + 1] = line end
  posts, api, begin = tonumber(args[2]), args[3] == "api", args[4]
  math.randomseed(os.time())
end

function request()
  number = number + 1
  local post = math.random(posts)
  local headers = {
    ["Cookie"] = cookies[math.random(#cookies)],
    ["X-Request-Id"] = string.format("%s%016x", begin, number),
    ["Content-Type"] = api and "application/json" or "application/x-www-form-urlencoded",
  }
  local path = api and "/api/v1/posts/%d/comments" or "/posts/%d/comments"
  local body = api and '{"content":"' .. text .. '"}' or "content=" .. encoded(text)
  return wrk.format("POST", path:format(post), headers, body)
end
