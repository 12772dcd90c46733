'use strict'

// Where a service runs that may do less than others: on a read-only root, as another user, without parts of /proc, without processes.

const fs = require('node:fs')
const { execFileSync } = require('node:child_process')
const path = require('node:path')
const { undoLater } = require('../base/undo')
const { left, over, sleep, start, thawed, untilFull, withFolder } = require('./host')

const HEAP = 64
const NOBODY = 65_534
const TMPFS_MIB = 64

const leaking = (dir) => ({ leak: true, watch: { snapshots: { dir } } })
const flags = [`--max-old-space-size=${HEAP}`]
/** In a mount namespace of its own, in which `script` is run first. */
const mounted = (script) => (command) => ['unshare', '--mount', '/bin/sh', '-c', `${script}; exec "$@"`, 'sh', ...command]

/** What a row says of one that has ended at its limit. */
function judged (end, { more = [] } = {}) {
  const lines = end.stderr.split('\n').filter((line) => line.startsWith('heapwarden'))
  return {
    ok: end.whole === 1 && end.signal === 'SIGABRT' && end.kills === 0 && end.others.length === 0 && more.length === 0,
    killed: end.kills,
    text: `ended by ${end.signal ?? end.status}; ${end.images} image, ${end.looks[0]?.said ?? 'none thawed'}`,
    trouble: [...more, ...end.others, ...end.looks.flatMap(({ why }) => why ?? []), ...(end.whole === 1 ? [] : [lines.join(' ') || end.stderr.slice(-300)])].join('; ')
  }
}

/** A folder of memory. */
async function onTmpfs (body) {
  return withFolder(async (dir) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${TMPFS_MIB}m`, 'tmpfs', dir])
    const remove = undoLater(() => { try { execFileSync('umount', ['-l', dir], { stdio: 'ignore' }) } catch {} })
    try {
      return await body(dir)
    } finally {
      remove()
    }
  })
}

/** The package and Node where anybody may read them: who develops may keep both at home. */
async function forAnybody (node, body) {
  return withFolder(async (place) => {
    fs.chmodSync(place, 0o755)
    const root = path.join(__dirname, '..', '..')
    const copy = path.join(place, 'heapwarden')
    for (const part of ['index.js', 'package.json', 'lib', 'native', 'bin', 'scripts']) fs.cpSync(path.join(root, part), path.join(copy, part), { recursive: true })
    fs.copyFileSync(node, path.join(place, 'node'))
    fs.chmodSync(path.join(place, 'node'), 0o755)
    execFileSync('chmod', ['-R', 'a+rX', copy])
    return body({ node: path.join(place, 'node'), service: path.join(copy, 'scripts', 'evidence', 'service.js') })
  })
}

const as = (user) => (command) => ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--no-new-privs', '--inh-caps=-all', ...command]

const rows = [
  {
    name: 'read-only',
    what: `read-only root, a tmpfs of ${TMPFS_MIB} MiB for images`,
    run: ({ node }) => onTmpfs(async (dir) => {
      const within = mounted('mount --make-rprivate / && mount -o bind,remount,ro /')
      const end = await untilFull({ node, flags, options: leaking(dir), within }, dir)
      const more = fs.existsSync(path.join(dir, 'objects')) ? ['objects in memory'] : []
      return judged(end, { more })
    })
  },
  {
    name: 'user',
    what: 'not root, at the heap limit',
    run: ({ node: binary }) => forAnybody(binary, ({ node, service }) => withFolder(async (dir) => {
      fs.chownSync(dir, NOBODY, NOBODY)
      const end = await untilFull({ node, service, flags, options: leaking(dir), within: as(NOBODY) }, dir)
      const modes = left(dir).images.map((image) => fs.statSync(image)).filter(({ mode, uid }) => (mode & 0o777) !== 0o600 || uid !== NOBODY)
      return judged(end, { more: modes.length > 0 ? ['others may read it'] : [] })
    }))
  },
  {
    name: 'user-fork',
    what: 'not root, ordered, by fork and in place',
    run: ({ node: binary }) => forAnybody(binary, async ({ node, service }) => {
      const said = []
      let ok = true
      for (const mode of ['fork', 'inline']) {
        await withFolder(async (dir) => {
          fs.chownSync(dir, NOBODY, NOBODY)
          const one = start({ node, service, options: { heap: HEAP, order: { dir, form: 'image', mode } }, within: as(NOBODY) })
          await one.line('ready')
          one.say('go')
          const taken = await one.line('taken')
          one.say('exit')
          const { status, stderr } = await over(one)
          const look = taken?.info ? await thawed(node, taken.info.path) : { said: null, why: taken?.message ?? stderr }
          ok = ok && status === 0 && look.said !== null && left(dir).others.length === 0
          said.push(`${taken?.info?.mode ?? mode}: ${look.said ?? look.why}`)
        })
      }
      return { ok, killed: 0, text: said.join('; ') }
    })
  }
]

/** What may be missing of /proc: what a shell does so that it is. */
const MISSING = {
  'pagemap-empty': ['an empty /proc/self/pagemap', 'mount --bind /dev/null /proc/$$/pagemap'],
  'pagemap-zeros': ['a /proc/self/pagemap of zeros', 'mount --bind /dev/zero /proc/$$/pagemap'],
  mem: ['no /proc/self/mem and no /proc/self/pagemap', 'mount --bind /dev/null /proc/$$/pagemap && mount --bind /dev/null /proc/$$/mem'],
  proc: ['no /proc', 'mount -t tmpfs tmpfs /proc']
}
/** Nobody says what is mapped: then there is no image, and that is said. */
const UNMAPPED = /the list of its mappings could not be read/

for (const [name, [what, script]] of Object.entries(MISSING)) {
  rows.push({
    name: `no-${name}`,
    what: `${what}, at the heap limit`,
    run: ({ node }) => withFolder(async (dir) => {
      const end = await untilFull({ node, flags, options: leaking(dir), within: mounted(script) }, dir)
      const refused = name === 'proc' && end.signal === 'SIGABRT' && end.images === 0 && UNMAPPED.test(end.stderr)
      return refused ? { ok: true, killed: 0, text: 'V8 ended it; why there is no image is said on stderr' } : judged(end)
    })
  })
  rows.push({
    name: `no-${name}-fork`,
    what: `${what}, ordered`,
    run: ({ node }) => withFolder(async (dir) => {
      const one = start({ node, options: { heap: HEAP, order: { dir, form: 'image' } }, within: mounted(script) })
      await one.line('ready')
      one.say('go')
      const taken = await one.line('taken')
      await sleep(100)
      one.say('exit')
      const { status, stderr } = await over(one)
      const look = taken?.info ? await thawed(node, taken.info.path) : { said: null, why: taken?.message ?? stderr }
      return {
        ok: status === 0 && left(dir).others.length === 0 && (name === 'proc' ? UNMAPPED.test(look.why) : look.said !== null),
        killed: 0,
        text: taken?.info ? `${taken.info.mode}: ${taken.ms} ms, ${Math.round(taken.info.bytes / 1e5) / 10} MB; ${look.said ?? look.why}` : look.why
      }
    })
  })
}

module.exports = rows
