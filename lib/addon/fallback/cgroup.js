'use strict'

// The container's account: the group with the smallest limit of those this process is in. As src/probe/cgroup.rs, in few words.

const fs = require('node:fs')
const path = require('node:path')

/** From here on a v1 limit means none. */
const NO_LIMIT = 2 ** 62

const files = {
  1: { usage: 'memory.usage_in_bytes', limit: 'memory.limit_in_bytes', kills: 'memory.oom_control', cache: ['total_inactive_file', 'total_active_file'], busy: ['total_dirty', 'total_writeback'], own: [] },
  2: { usage: 'memory.current', limit: 'memory.max', kills: 'memory.events', cache: ['inactive_file', 'active_file'], busy: ['file_dirty', 'file_writeback'], own: ['slab_reclaimable'] }
}

function text (file) {
  try {
    return fs.readFileSync(file, 'latin1')
  } catch {
    return undefined
  }
}

const number = (file) => {
  const content = text(file)
  return /^\d+\s*$/.test(content ?? '') ? Number(content) : undefined
}

/** `name 4711` lines. */
const fieldsOf = (content = '') => new Map([...content.matchAll(/^(\w+) (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]))

const plain = (escaped) => escaped.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))

/** Folders of the groups, this process's own first; undefined where none can be seen. */
function detect () {
  const groups = (text('/proc/self/cgroup') ?? '').trim().split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line)).filter(Boolean)
  const mounts = (text('/proc/self/mountinfo') ?? '').split('\n')
    .map((line) => /^\d+ \d+ \S+ (\S+) (\S+) .* - (cgroup2?) \S+ (\S+)$/.exec(line)).filter(Boolean)
  for (const version of [1, 2]) {
    const own = groups.find(([, controllers]) => version === 1 ? controllers.split(',').includes('memory') : controllers === '')
    const mount = mounts.find(([, , , type, options]) => version === 1 ? type === 'cgroup' && options.split(',').includes('memory') : type === 'cgroup2')
    if (!own || !mount) continue
    const [root, point] = [plain(mount[1]), plain(mount[2])]
    const below = path.relative(root, own[2])
    // A group that this mount does not show: another's figures would be worse than none.
    if (below.split('/').includes('..')) continue
    const levels = []
    for (let folder = path.join(point, below); folder.startsWith(point); folder = path.dirname(folder)) {
      levels.push(folder)
      if (folder === point) break
    }
    const seen = levels.filter((folder) => fs.existsSync(path.join(folder, files[version].usage)))
    if (seen.length > 0) return { version, levels: seen }
  }
  return undefined
}

let found

/** The account as a sample has it, with its version; null where there is none. */
function read () {
  if (process.platform !== 'linux') return null
  found ??= { group: detect() }
  const { group } = found
  if (!group) return null
  const names = files[group.version]
  let [winner, limit] = [group.levels[0], null]
  for (const folder of group.levels) {
    const bytes = number(path.join(folder, names.limit))
    if (bytes !== undefined && bytes < NO_LIMIT && bytes <= (limit ?? Infinity)) [winner, limit] = [folder, bytes]
  }
  const usage = number(path.join(winner, names.usage))
  const stat = text(path.join(winner, 'memory.stat'))
  if (usage === undefined || stat === undefined) return null
  const fields = fieldsOf(stat)
  const sum = (list) => list.reduce((total, name) => total + (fields.get(name) ?? 0), 0)
  // Clean pages of files and caches of its own are what the kernel takes back before it kills.
  const used = Math.max(0, usage - Math.max(0, sum(names.cache) - sum(names.busy)) - sum(names.own))
  return {
    version: group.version,
    used,
    limit,
    ratio: limit > 0 ? used / limit : null,
    oomKills: fieldsOf(text(path.join(winner, names.kills))).get('oom_kill') ?? null,
    pressure: group.version === 2 ? path.join(winner, 'memory.pressure') : undefined
  }
}

/** Time lost for want of memory, in the group or on the machine; null where the kernel does not tell. */
function pressure (group) {
  const content = (group?.pressure && text(group.pressure)) || (process.platform === 'linux' ? text('/proc/pressure/memory') : undefined)
  const average = (kind) => Number(new RegExp(`^${kind} avg10=([\\d.]+)`, 'm').exec(content ?? '')?.[1] ?? NaN)
  const [some10, full10] = [average('some'), average('full')]
  return Number.isNaN(some10) || Number.isNaN(full10) ? null : { some10, full10 }
}

module.exports = { pressure, read, text }
