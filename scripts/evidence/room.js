'use strict'

// Services under load in containers that are nearly full, or have no processor to spare, or may have no more processes.

const fs = require('node:fs')
const { group, processesIn } = require('../base/groups')
const { left, over, sleep, start, thawed, withFolder } = require('./host')
const { load } = require('./load')

const HEAPS = [50, 120, 300, 600]
const SETTLE_MS = 200
const SETTLES = 20
const MOST_SETTLES = 150
const GROWN = 100_000
/** A heap that is thawed into a snapshot, and not only asked: above that it takes minutes. MiB. */
const WHOLE = 120
/** Requests a second, with 10 kB of garbage each; and such with 2 MB, for which V8 collects ten times a second. */
const LOAD = { rate: 300, garbage: 100 }
const HEAVY = { rate: 100, garbage: 20_000 }
const MOST_MS = 10_000

/**
 * The most that is used in the group once that grows no more: a young generation grows for seconds, into a container that is narrow by
 * then, and the kernel would kill without us.
 */
async function usageOf ({ memory }) {
  let most = 0
  for (let still = 0, i = 0; still < SETTLES && i < MOST_SETTLES; i++) {
    await sleep(SETTLE_MS)
    const usage = Number(memory.get('memory.usage_in_bytes'))
    still = usage > most + GROWN ? 0 : still + 1
    most = Math.max(most, usage)
  }
  return most
}

/** Orders evidence of a service, after `before` has made its container narrow; says how it went. */
async function ordered (node, { heap, requests: { rate, garbage } = LOAD, groups, before, wanted, watch, order = {} }) {
  return withFolder(async (dir) => {
    const service = start({ node, groups, flags: ['--max-old-space-size=4096', '--expose-gc'], options: { heap, serves: true, garbage, watch, order: { dir, maxPause: '1m', ...order } } })
    const { port } = await service.line('ready') ?? {}
    const clients = load({ port, rate, wanted: String(garbage) })
    let taken
    let answered
    try {
      await before(service)
      clients.reset()
      service.say('go')
      taken = await service.line('taken')
      answered = clients.counts.answered
      // Whoever was to be killed of it would be by now.
      await sleep(SETTLE_MS)
    } finally {
      clients.stop()
    }
    const { wrong } = clients.counts
    service.say('exit')
    const { status, signal, kills, stderr } = await over(service)
    const { images, others } = left(dir)
    const look = images.length === 1 ? await thawed(node, images[0], { whole: heap <= WHOLE }) : { said: null, why: taken?.message ?? stderr }
    const { form, mode, pauseMs, reason } = taken?.info ?? {}
    const got = `${form}, ${mode}`
    const alive = status === 0 && wrong === 0
    return {
      ok: alive && kills === 0 && got.startsWith(wanted) && look.said !== null && others.length === 0 && taken.ms < MOST_MS,
      killed: signal === 'SIGKILL' ? 1 : 0,
      text: taken?.info
        ? `${got}: ${taken.ms} ms, pause ${Math.round(pauseMs)} ms, ${answered} requests meanwhile; ${look.said ?? look.why}`
        : `none: ${look.why}`,
      trouble: [!alive && `service ended ${signal ?? status}, ${wrong} wrong`, kills && `${kills} killed`, others.length && `left ${others}`, !got.startsWith(wanted) && reason].filter(Boolean).join('; ')
    }
  })
}

const withRoom = (room) => async (service) => {
  const usage = await usageOf(service)
  service.memory.set('memory.limit_in_bytes', Math.floor(usage + room(usage)))
}

const rows = HEAPS.flatMap((heap) => [
  { name: `room-fork-${heap}`, what: `${heap} MiB under load, 6 % + 12 MB above usage`, run: ({ node }) => ordered(node, { heap, wanted: 'image, fork', before: withRoom((usage) => usage * 0.06 + 12e6) }) },
  { name: `room-heavy-${heap}`, what: `${heap} MiB, 100 MB of garbage a second, 6 % + 12 MB above usage`, run: ({ node }) => ordered(node, { heap, requests: HEAVY, wanted: 'image', before: withRoom((usage) => usage * 0.06 + 12e6) }) },
  { name: `room-place-${heap}`, what: `${heap} MiB under load, 6 MB above usage`, run: ({ node }) => ordered(node, { heap, wanted: 'image', before: withRoom(() => 6e6) }) },
  {
    name: `quota-${heap}`,
    what: `${heap} MiB, half a core used up by the service`,
    run: async ({ node }) => {
      const cpu = group('cpu')
      const end = await ordered(node, {
        heap,
        requests: HEAVY,
        wanted: 'image, fork',
        before: async (service) => {
          cpu.set('cpu.cfs_quota_us', 50_000)
          for (const pid of processesIn(service.memory.place)) fs.writeFileSync(`${cpu.place}/cgroup.procs`, String(pid))
          await sleep(1000)
        }
      })
      cpu.remove()
      return end
    }
  }
])

for (const spare of [2, 0]) {
  rows.push({
    name: `pids-${spare}`,
    what: `50 MiB under load, ${spare} processes or threads to be had`,
    run: async ({ node }) => {
      const pids = group('pids')
      const end = await ordered(node, {
        heap: 50,
        wanted: 'image, inline',
        groups: [pids],
        // It keeps a thread for where none is to be had. Its thread that keeps the executable would be one more while it lasts.
        watch: { nearHeapLimit: false },
        before: async () => { pids.set('pids.max', Number(pids.get('pids.current')) + spare) }
      })
      pids.remove()
      return end
    }
  })
}

module.exports = rows
