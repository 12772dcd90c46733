'use strict'

// Servers in processes of their own, and the two kinds of load on them.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const { join } = require('node:path')
const autocannon = require('autocannon')

/** Starts benches/programs/NAME, which tells its `{ port }` and serves until it is ended. */
async function start (name, input, flags = []) {
  const child = spawn(process.execPath, [...flags, join(__dirname, '..', 'programs', `${name}.js`), JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([status]) => { throw new Error(`the server exited with status ${status}`) })
  ])
  return { child, url: `http://127.0.0.1:${JSON.parse(line).port}/` }
}

function percentile (times, share) {
  return times.sort((a, b) => a - b)[Math.floor(times.length * share)]
}

/** As many requests as it takes: what comes through, per second. */
async function saturate (url, seconds) {
  const times = []
  const instance = autocannon({ url, connections: 50, duration: seconds })
  // Autocannon's own percentiles are whole milliseconds: too coarse for a goal of 2 %.
  instance.on('response', (_client, _status, _bytes, ms) => times.push(ms))
  const result = await instance
  if (result.errors + result.non2xx > 0) throw new Error(`${result.errors + result.non2xx} requests failed`)
  return { throughput: result['2xx'] / result.duration, p99: percentile(times, 0.99) }
}

/**
 * `rate` requests a second until `over` is settled, whether or not earlier ones have been answered: users do not wait
 * for each other, so one pause is felt by everybody who comes during it.
 */
async function steady (url, rate, over) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity })
  const times = []
  const open = []
  const ask = () => new Promise((resolve, reject) => {
    const begun = performance.now()
    const request = http.get(url, { agent }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`a request was answered by ${response.statusCode}`))
      response.resume().once('end', () => { times.push(performance.now() - begun); resolve() })
    })
    request.once('error', reject)
  })
  let failure
  const begun = performance.now()
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - begun) / 1000 * rate)
    while (open.length < due) open.push(ask().catch((error) => { failure = error }))
  }, 1)
  try {
    await over
  } finally {
    clearInterval(timer)
    await Promise.all(open)
    agent.destroy()
  }
  if (failure) throw failure
  return { requests: times.length, p99: percentile(times, 0.99), longest: times.at(-1) }
}

module.exports = { saturate, start, steady }
