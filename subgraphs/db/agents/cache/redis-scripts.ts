/**
 * What Redis runs, each script whole or not at all. Everything is under four keys, so that Redis evicts, or loses,
 * whole parts and the scripts can tell: the head counts what the other three must hold.
 *
 * KEYS: 1 head (hash: epoch, seq, commitId, complete, records, entries), 2 records (hash: kind/id → version|JSON),
 * 3 ages (sorted set: kind/id by the seq that last changed it), 4 log (list: the newest entries as JSON), 5 seat (hash:
 * turn, state as JSON; the store's part in the quorum).
 */
const intact = `
local function intact()
  local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'commitId', 'complete', 'records', 'entries')
  if not head[1] then return nil end
  local records = tonumber(head[5])
  if records ~= redis.call('HLEN', KEYS[2]) or records ~= redis.call('ZCARD', KEYS[3]) then return nil end
  if tonumber(head[6]) ~= redis.call('LLEN', KEYS[4]) then return nil end
  return head
end
`

/** → epoch, seq, commitId; nothing when there is no store or not a whole one. */
export const headScript = `${intact}
local head = intact()
if not head then return {} end
return {head[1], head[2], head[3]}
`

/** ARGV: kind/id … → the head's seq, complete ('1' or '0'), a value or nil for each; nothing when there is no store. */
export const readScript = `${intact}
local head = intact()
if not head then return {} end
return {tonumber(head[2]), head[4], redis.call('HMGET', KEYS[2], unpack(ARGV))}
`

/** ARGV: from seq, to seq → the head's seq, the first seq held, the entries; nothing when there is no store. */
export const logScript = `${intact}
local head = intact()
if not head then return {} end
local seq = tonumber(head[2])
local first = seq - tonumber(head[6]) + 1
local from = math.max(tonumber(ARGV[1]), first)
local to = math.min(tonumber(ARGV[2]), seq)
if from > to then return {seq, first, {}} end
return {seq, first, redis.call('LRANGE', KEYS[4], from - first, to - first)}
`

/** Takes over entries from ARGV[from] on; `head` is what intact() said. Answers 'ok' | 'gap' | 'diverged', epoch, seq. */
const takeOver = `
local function takeOver(head, from)
  local recordsMax, logMax, epoch, first = tonumber(ARGV[from]), tonumber(ARGV[from + 1]), ARGV[from + 2], tonumber(ARGV[from + 3])
  local seq, commitId, complete = 0, '', '1'
  if head then
    if head[1] ~= epoch then return {'diverged', head[1], head[2]} end
    seq, commitId, complete = tonumber(head[2]), head[3], head[4]
  end
  if first > seq + 1 then return {'gap', head and epoch or '', seq} end
  if not head then redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4]) end
  local at, place = first, from + 4
  while place <= #ARGV do
    local id, json, puts = ARGV[place], ARGV[place + 1], tonumber(ARGV[place + 2])
    place = place + 3
    if at == seq and id ~= commitId then return {'diverged', epoch, seq} end
    if at == seq + 1 then
      for index = place, place + puts * 3 - 1, 3 do
        local address, version, value = ARGV[index], tonumber(ARGV[index + 1]), ARGV[index + 2]
        local held = redis.call('HGET', KEYS[2], address)
        if not held or tonumber(string.match(held, '^%d+')) < version then
          redis.call('HSET', KEYS[2], address, value)
          redis.call('ZADD', KEYS[3], at, address)
        end
      end
      redis.call('RPUSH', KEYS[4], json)
      seq, commitId = at, id
    end
    place = place + puts * 3
    at = at + 1
  end
  while redis.call('HLEN', KEYS[2]) > recordsMax do
    local oldest = redis.call('ZPOPMIN', KEYS[3])
    redis.call('HDEL', KEYS[2], oldest[1])
    complete = '0'
  end
  redis.call('LTRIM', KEYS[4], -logMax, -1)
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'seq', seq, 'commitId', commitId, 'complete', complete,
    'records', redis.call('HLEN', KEYS[2]), 'entries', redis.call('LLEN', KEYS[4]))
  return {'ok', epoch, seq}
end
`

const reading = `
local function reading(changed)
  local head = intact()
  local state = redis.call('HGET', KEYS[5], 'state')
  return {changed, head and head[1] or '', head and head[2] or '0', head and head[3] or '', state or ''}
end
`

/** → '0', the head's epoch, seq and commitId, the seat ('' when there is none). */
export const seatScript = `${intact}${reading}
return reading('0')
`

/**
 * ARGV: turn, seq and commitId of the head as they were read, the next turn and state, then as for absorb, with no entries
 * perhaps. → as seatScript, with '1' when it was changed.
 */
export const voteScript = `${intact}${takeOver}${reading}
local head = intact()
local turn = redis.call('HGET', KEYS[5], 'turn') or '0'
if turn ~= ARGV[1] or (head and head[2] or '0') ~= ARGV[2] or (head and head[3] or '') ~= ARGV[3] then
  return reading('0')
end
if #ARGV > 9 and takeOver(head, 6)[1] ~= 'ok' then return reading('0') end
redis.call('HSET', KEYS[5], 'turn', ARGV[4], 'state', ARGV[5])
return reading('1')
`

/**
 * ARGV: recordsMax, logMax, epoch, first seq, then for each entry: commit id, JSON, number of puts, and for each put:
 * kind/id, version, value. → 'ok' | 'gap' | 'diverged', epoch and seq of the head.
 */
export const absorbScript = `${intact}${takeOver}
return takeOver(intact(), 1)
`

/**
 * ARGV: recordsMax, the seq up to which the records are known, then for each kind/id, version, value. → how many it took.
 * A record that is asked for counts as changed now, so that what nobody asks for goes first.
 */
export const fillScript = `${intact}
local head = intact()
if not head or tonumber(head[2]) > tonumber(ARGV[2]) then return 0 end
local taken = 0
for index = 3, #ARGV, 3 do
  local address, version, value = ARGV[index], tonumber(ARGV[index + 1]), ARGV[index + 2]
  local held = redis.call('HGET', KEYS[2], address)
  if not held or tonumber(string.match(held, '^%d+')) < version then
    redis.call('HSET', KEYS[2], address, value)
    redis.call('ZADD', KEYS[3], tonumber(head[2]), address)
    taken = taken + 1
  end
end
while redis.call('HLEN', KEYS[2]) > tonumber(ARGV[1]) do
  local oldest = redis.call('ZPOPMIN', KEYS[3])
  redis.call('HDEL', KEYS[2], oldest[1])
  redis.call('HSET', KEYS[1], 'complete', '0')
end
redis.call('HSET', KEYS[1], 'records', redis.call('HLEN', KEYS[2]))
return taken
`

/** ARGV: kind/id … → how many of them were there and are no longer. */
export const forgetScript = `${intact}
if not intact() then return 0 end
local removed = redis.call('HDEL', KEYS[2], unpack(ARGV))
redis.call('ZREM', KEYS[3], unpack(ARGV))
redis.call('HSET', KEYS[1], 'records', redis.call('HLEN', KEYS[2]))
return removed
`
