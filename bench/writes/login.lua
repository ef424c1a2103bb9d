-- wrk's script for logins: another member from another address each time. Arguments: how many members, their password.
local members, password = 0, ""
local number = 0

function init(args)
  members, password = tonumber(args[1]), args[2]
  math.randomseed(os.time())
end

function request()
  number = number % members + 1
  local address = string.format("10.%d.%d.%d", math.random(0, 255), math.random(0, 255), math.random(1, 254))
  local headers = { ["Content-Type"] = "application/json", ["X-Forwarded-For"] = address }
  return wrk.format("POST", "/api/v1/session", headers, string.format('{"email":"bench-%d@minschool.test","password":"%s"}', number, password))
end
