'use strict'

// Services that leak up to their heap limits: several at once, as the first process of a container, and where the container is hardly
// larger than the heap may become.

const fs = require('node:fs')
const path = require('node:path')
const { median } = require('../base/median')
const { left, over, peak, root, start, thawed, untilFull, withFolder } = require('./host')

const MIB = 2 ** 20
const WORKERS = 6
const HEAP = 64
const CONTAINER = 512
const TIGHT = [75, 80, 85]
const TIMES = 20

const leaking = (dir) => ({ leak: true, watch: { snapshots: { dir } } })
const heapOf = (mib) => [`--max-old-space-size=${mib}`]
const signalOf = ({ status, signal }) => signal ?? status

async function six ({ node }) {
  return withFolder(async (dir) => {
    const end = await untilFull({ node, flags: heapOf(HEAP), options: { leak: true, watch: { snapshots: { dir, keep: { count: WORKERS } } }, workers: WORKERS }, memory: 1024 * MIB }, dir)
    const ends = end.lines.filter(({ type }) => type === 'worker').map(signalOf)
    const asEver = ends.length === WORKERS && ends.every((one) => one === 'SIGABRT')
    return {
      ok: end.whole === WORKERS && asEver && end.kills === 0 && end.others.length === 0 && end.orphans === 0,
      killed: end.kills,
      text: `${end.images} images, ${end.whole} thawed; ended by ${[...new Set(ends)]}`,
      trouble: [...end.others, ...end.looks.flatMap(({ why }) => why ?? [])].join('; ')
    }
  })
}

/** How a service is the first process of a container: what runs it there, as `node`, its flags and its program with arguments. */
const FIRSTS = {
  node: (command) => command,
  sh: (command) => ['/bin/sh', '-c', '"$@"; exit $?', 'sh', ...command],
  npm: (command, dir) => {
    fs.writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ scripts: { start: command.map((word) => `'${word}'`).join(' ') } }))
    return ['npm', 'start', '--prefix', dir]
  },
  supervisor: (command, dir) => {
    const file = path.join(dir, 'supervisor.js')
    fs.writeFileSync(file, `const [command, ...args] = process.argv.slice(2)
      require('node:child_process').spawn(command, args, { stdio: 'inherit' })
        .on('exit', (status, signal) => process.exit(signal ? 128 + require('node:os').constants.signals[signal] : status))`)
    return [command[0], file, ...command]
  },
  run: (command) => [command[0], path.join(root, 'bin', 'heapwarden.js'), 'run', '--', ...command]
}

/** Leaks in a container of its own, with `watched` or without; what it comes to. */
async function first (node, how, watched) {
  return withFolder((dir) => withFolder(async (place) => {
    const bin = path.dirname(node)
    const watch = watched ? leaking(dir) : { leak: true }
    return untilFull({
      node,
      flags: heapOf(HEAP),
      // `run` watches by itself, what it is told in the environment.
      options: how === 'run' ? { leak: true } : watch,
      env: { PATH: `${bin}:${process.env.PATH}`, HEAPWARDEN_DIR: dir },
      within: (command) => ['unshare', '--pid', '--fork', '--mount-proc', ...FIRSTS[watched ? how : how === 'run' ? 'sh' : how](command, place)]
    }, dir)
  }))
}

const firsts = Object.keys(FIRSTS).map((how) => ({
  name: `first-${how}`,
  what: `at the heap limit, first process: ${how}`,
  run: async ({ node }) => {
    const without = await first(node, how, false)
    const end = await first(node, how, true)
    const same = String(signalOf(end)) === String(signalOf(without))
    return {
      ok: end.whole === 1 && same && end.kills === 0 && end.orphans === 0 && end.others.length === 0,
      killed: end.kills,
      text: `ended with ${signalOf(end)}, without us with ${signalOf(without)}, ${((end.ms - without.ms) / 1000).toFixed(1)} s later; ${end.images} image, ${end.looks[0]?.said ?? 'none thawed'}`,
      trouble: [...end.others, ...end.looks.flatMap(({ why }) => why ?? []), end.whole !== 1 && end.stderr.split('\n').filter((line) => line.startsWith('heapwarden'))].filter(Boolean).join('; ')
    }
  }
}))

const noEnds = () => ({ kernel: 0, v8: 0, evidence: 0, images: 0, peaks: [], why: [] })

/** Leaks once up to so much of a container that has hardly more, with the rules that a watch has by itself, and notes in `ends` how it ends. */
async function tight (node, percent, watched, ends) {
  await withFolder(async (dir) => {
    const options = watched ? { leak: true, watch: { defaults: true, snapshots: { dir } } } : { leak: true }
    const flags = heapOf(Math.floor(CONTAINER * percent / 100))
    const service = start({ node, flags, options, memory: CONTAINER * MIB })
    const stop = peak(service, (bytes) => ends.peaks.push(bytes))
    const { signal, status, kills } = await over(service).finally(stop)
    if (signal === 'SIGKILL') ends.kernel++
    else if (signal === 'SIGABRT') ends.v8++
    else ends.why.push(`ended by ${signal ?? status}`)
    if (kills > 0 && signal !== 'SIGKILL') ends.why.push('a child was killed')
    const { images, others } = left(dir)
    const looks = []
    for (const image of images) looks.push(await thawed(node, image, { whole: false }))
    ends.images += images.length
    if (looks.some(({ said }) => said)) ends.evidence++
    ends.why.push(...looks.flatMap(({ why }) => why ?? []), ...(signal === 'SIGKILL' ? [] : others))
  })
}

/** The middle of what the group's processes had at most, page cache left out; with us a child's copies of what its service changed meanwhile count. */
const most = ({ peaks }) => `${Math.round(median(peaks) / 1e6)} MB`

const tights = TIGHT.map((percent) => ({
  name: `tight-${percent}`,
  what: `a leak up to ${percent} % of ${CONTAINER} MiB`,
  run: async ({ node, times = TIMES }) => {
    const without = noEnds()
    const end = noEnds()
    for (let i = 0; i < times; i++) {
      await tight(node, percent, false, without)
      await tight(node, percent, true, end)
    }
    // Where the kernel ends it without us too, it may with us.
    const killed = without.kernel === 0 ? end.kernel : 0
    return {
      ok: end.evidence === times && killed === 0,
      killed,
      text: `evidence of ${end.evidence} of ${times}, ${end.images} images; V8 ended ${end.v8}, the kernel ${end.kernel}, at most ${most(end)}; without us V8 ${without.v8}, the kernel ${without.kernel}, ${most(without)}`,
      trouble: [...new Set(end.why)].join('; ')
    }
  }
}))

module.exports = [{ name: 'six', what: `six workers of a cluster at their limits of ${HEAP} MiB at once`, run: six }, ...firsts, ...tights]
