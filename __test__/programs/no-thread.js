'use strict'

// A monitor where the system gives no thread: the limit on processes is set while this waits on stdin.

const { once } = require('node:events')
const { watch } = require('../..')

const say = (what) => console.log(JSON.stringify(what))

async function main () {
  const alive = setInterval(() => {}, 60_000)
  // Node's own pool starts its threads at the first use, and ends the process if there are none.
  await require('node:fs/promises').stat('.')
  say({ type: 'ready', threads: require('node:fs').readdirSync('/proc/self/task').length })
  await once(process.stdin, 'data')
  const monitor = watch({ interval: 50, rules: [{ name: 'always', metric: 'rss', above: 1 }], nearHeapLimit: false })
  monitor.on('warning', ({ code, message }) => say({ type: 'warning', code, message }))
  say({ type: 'watching', latest: monitor.latest.rss })
  const [{ rule }] = await once(monitor, 'breach')
  const [{ rss, heapAge }] = await once(monitor, 'sample')
  say({ type: 'sampled', rule, rss, heapAge })
  await once(process.stdin, 'data')
  // The limit is gone: samples come as often as was asked for again.
  const taken = () => monitor.history().length
  await once(monitor, 'sample')
  for (let before = taken(), since = Date.now(); taken() - before < 10; await once(monitor, 'sample')) {
    if (Date.now() - since > 5_000) [before, since] = [taken(), Date.now()]
  }
  say({ type: 'thread' })
  await monitor.stop()
  clearInterval(alive)
  process.stdin.destroy()
}

process.setgid(Number(process.argv[2]))
process.setuid(Number(process.argv[2]))
main()
