-- wrk's script: asks for the addresses of a file, one after the other; a line may have a tab and a cookie after the address.
-- Arguments: the file; the number of the line to begin behind; how many lines, each once, or nothing: all, again and again.
local requests, place, ends = {}, 0, false

local function formatted(line)
  local path, cookie = line:match("^(.-)\t(.*)$")
  if not path then return wrk.format("GET", line) end
  local headers = { ["Cookie"] = cookie }
  for name, value in pairs(wrk.headers) do headers[name] = value end
  return wrk.format("GET", path, headers)
end

function init(args)
  local from, count = tonumber(args[2]), tonumber(args[3])
  ends = count ~= nil
  local number = 0
  for line in io.lines(args[1]) do
    number = number + 1
    if not ends or number > from and number <= from + count then requests[#requests + 1] = formatted(line) end
  end
  place = ends and 0 or from
end

function request()
  if ends and place >= #requests then wrk.thread:stop() end
  place = place % #requests + 1
  return requests[place]
end
