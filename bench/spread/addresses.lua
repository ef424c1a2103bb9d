-- wrk's script: asks for the addresses of a file, one after the other.
-- Arguments: the file; the number of the line to begin behind; how many lines, each once, or nothing: all, again and again.
local requests, place, ends = {}, 0, false

function init(args)
  local from, count = tonumber(args[2]), tonumber(args[3])
  ends = count ~= nil
  local number = 0
  for line in io.lines(args[1]) do
    number = number + 1
    if not ends or number > from and number <= from + count then requests[#requests + 1] = wrk.format("GET", line) end
  end
  place = ends and 0 or from
end

function request()
  if ends and place >= #requests then wrk.thread:stop() end
  place = place % #requests + 1
  return requests[place]
end
