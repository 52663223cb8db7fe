import { createHash } from 'node:crypto';
import { tombstonePrefix } from './expiring-records.ts';

export interface Script {
  readonly text: string;
  /** What Redis knows the script by, once it has seen it. */
  readonly hash: string;
}

/**
 * What all scripts begin with. Parameters 1 to 4 are the prefix of all names, the kind, the instant
 * that is now and how long an ended record is remembered; the operation's own follow.
 */
const beginning = `
local prefix, kind, now, memory = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local stone = '${tombstonePrefix}'

local function nameOf(key) return prefix .. 'record:' .. kind .. ':' .. key end
local function setOf(owner) return prefix .. 'owner:' .. kind .. ':' .. owner end
local function isStone(record) return string.sub(record.value, 1, #stone) == stone end
local function isLive(record) return record and not isStone(record) and tonumber(record.ends) > now end
local function reply(record)
  return { record.key, record.owner, record.value, record.version, record.ends }
end

-- The record or tombstone; nil where there is none or nobody remembers it.
local function read(key)
  local found = redis.call('HMGET', nameOf(key), 'owner', 'value', 'version', 'ends')
  if not found[1] or tonumber(found[4]) + memory <= now then return nil end
  return { key = key, owner = found[1], value = found[2], version = found[3], ends = found[4] }
end

local function remove(key)
  local owner = redis.call('HGET', nameOf(key), 'owner')
  redis.call('DEL', nameOf(key))
  if owner then redis.call('ZREM', setOf(owner), key) end
end

-- Stores a record, in its owner's set too. A tombstone is in no set.
local function write(record)
  remove(record.key)
  local left = math.ceil(tonumber(record.ends) + memory - now)
  if left <= 0 then return end
  local name, set = nameOf(record.key), setOf(record.owner)
  redis.call('HSET', name, 'owner', record.owner, 'value', record.value,
    'version', record.version, 'ends', record.ends)
  redis.call('PEXPIRE', name, left)
  if isStone(record) then return end
  redis.call('ZREMRANGEBYSCORE', set, '-inf', string.format('%.0f', now - memory))
  redis.call('ZADD', set, record.ends, record.key)
  if redis.call('PTTL', set) < left then redis.call('PEXPIRE', set, left) end
end

-- Puts a record, whatever is there; its version counts on.
local function put(key, owner, value, ends)
  local before = read(key)
  local version = before and tonumber(before.version) + 1 or 1
  write({ key = key, owner = owner, value = value, version = tostring(version), ends = ends })
end

-- What the owner's set names, tombstones and forgotten records left out; those that end last first.
local function owned(owner)
  local records = {}
  for _, key in ipairs(redis.call('ZREVRANGE', setOf(owner), 0, -1)) do
    local record = read(key)
    if record and not isStone(record) and record.owner == owner then records[#records + 1] = record end
  end
  return records
end
`;

function script(body: string): Script {
  const text = beginning + body;
  return { text, hash: createHash('sha1').update(text).digest('hex') };
}

/** One script for each operation of `ExpiringRecords`, with the same name. */
export const scripts = {
  put: script(`
    put(unpack(ARGV, 5))
  `),

  putBoth: script(`
    put(unpack(ARGV, 5, 8))
    kind = ARGV[9]
    put(unpack(ARGV, 10))
  `),

  create: script(`
    if isLive(read(ARGV[5])) then return 0 end
    put(unpack(ARGV, 5))
    return 1
  `),

  get: script(`
    local record = read(ARGV[5])
    return isLive(record) and reply(record)
  `),

  update: script(`
    local key, owner, value, ends, version = unpack(ARGV, 5)
    local before = read(key)
    if not isLive(before) or before.version ~= version then return 0 end
    write({ key = key, owner = owner, value = value, version = tostring(tonumber(version) + 1), ends = ends })
    return 1
  `),

  prolong: script(`
    local record = read(ARGV[5])
    if not isLive(record) then return 0 end
    if tonumber(record.ends) < tonumber(ARGV[6]) then
      record.ends = ARGV[6]
      write(record)
    end
    return 1
  `),

  take: script(`
    local key, owner = unpack(ARGV, 5)
    local record = read(key)
    if not record then return false end
    if isStone(record) then return { 'gone', string.sub(record.value, #stone + 1) } end
    if record.owner ~= owner then return { 'not yours' } end
    local outcome = isLive(record) and 'used' or 'expired'
    write({ key = key, owner = owner, value = stone .. outcome, version = '1', ends = ARGV[3] })
    if outcome == 'expired' then return { 'gone', outcome } end
    return { 'taken', unpack(reply(record)) }
  `),

  rename: script(`
    local old, key, owner, value, ends, version = unpack(ARGV, 5)
    local before = read(old)
    if not isLive(before) or before.version ~= version then return 0 end
    if key ~= old and read(key) then return 'unique' end
    remove(old)
    write({ key = key, owner = owner, value = value, version = tonumber(version) + 1, ends = ends })
    return 1
  `),

  delete: script(`
    local record = read(ARGV[5])
    remove(ARGV[5])
    return record and not isStone(record) and reply(record)
  `),

  listByOwner: script(`
    local replies, skip = {}, tonumber(ARGV[6])
    for _, record in ipairs(owned(ARGV[5])) do
      if isLive(record) then
        if skip > 0 then skip = skip - 1 else replies[#replies + 1] = reply(record) end
      end
    end
    return replies
  `),

  countByOwner: script(`
    return redis.call('ZCOUNT', setOf(ARGV[5]), '(' .. ARGV[3], '+inf')
  `),

  deleteByOwner: script(`
    local replies = {}
    for _, record in ipairs(owned(ARGV[5])) do
      replies[#replies + 1] = reply(record)
      remove(record.key)
    end
    return replies
  `),

  keepNewest: script(`
    for place, record in ipairs(owned(ARGV[5])) do
      if place > tonumber(ARGV[6]) then remove(record.key) end
    end
  `),

  endByOwner: script(`
    for _, record in ipairs(owned(ARGV[5])) do
      record.value, record.ends = stone .. 'ended', ARGV[3]
      write(record)
    end
  `),
} satisfies Record<string, Script>;
