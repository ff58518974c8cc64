-- Errors, coroutines, closures, metatables and strings of patterns.
local Bird = {}
Bird.__index = Bird

function Bird.new(name, bill)
  if type(bill) ~= "number" then
    error("no bill: " .. name)
  end
  return setmetatable({ name = name, bill = bill }, Bird)
end

Bird.__lt = function(a, b) return a.bill < b.bill end
Bird.__tostring = function(bird) return string.format("%s %.1f mm", bird.name, bird.bill) end

local birds = { Bird.new("curlew", 95), Bird.new("snipe", 45), Bird.new("whimbrel", 82.5) }
table.sort(birds)
for _, bird in ipairs(birds) do print(bird) end

-- Errors: with a message, with a value, through a handler, out of the depth, and out of the library.
print(pcall(Bird.new, "dodo"))
print(select(2, pcall(error, { code = 7 })).code)
print(xpcall(function() local nest; return nest.eggs end, function(message) return "handled: " .. message end))
local function deep(n)
  if n == 0 then error("deep", 0) end
  return 1 + deep(n - 1)
end
print(pcall(deep, 5000))
print(pcall(string.rep, "x", -1), pcall(string.format, "%d", "x"))
print(pcall(function() local function f() return f() + 1 end return f() end) == false)
local caught = 0
for n = 1, 20000 do
  local ok, value = pcall(function()
    if n % 3 == 0 then error(n) end
    return n
  end)
  if not ok then caught = caught + value end
end
print(caught)

-- Coroutines: a generator, values both ways, an error inside, and a call across `pcall` that yields.
local function primes(limit)
  return coroutine.wrap(function()
    local composite = {}
    for n = 2, limit do
      if not composite[n] then
        coroutine.yield(n)
        for multiple = n * n, limit, n do composite[multiple] = true end
      end
    end
  end)
end
local count, last = 0, 0
for prime in primes(20000) do count, last = count + 1, prime end
print(count, last)

local echo = coroutine.create(function(first)
  local value = first
  while true do
    local ok, got = pcall(function() return coroutine.yield(value * 2) end)
    if got == "fail" then error("echo failed", 0) end
    value = got
  end
end)
print(coroutine.resume(echo, 1))
print(coroutine.resume(echo, 21))
print(coroutine.resume(echo, "fail"))
print(coroutine.status(echo), coroutine.resume(echo))

-- To be closed, also by an error.
local log = {}
pcall(function()
  local nest <close> = setmetatable({}, { __close = function(_, problem) log[#log + 1] = "closed by " .. problem end })
  error("storm", 0)
end)
print(log[1])

local words = {}
for word in ("the whimbrel calls seven times"):gmatch("%a+") do words[#words + 1] = word:upper():reverse() end
print(table.concat(words, " "), #words, ("%5.2f"):format(math.pi), 7 // 2, 2 ^ 53, 1 << 40)
