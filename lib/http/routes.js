'use strict'

// What can be asked for, and where.

const path = require('node:path')
const { version } = require('../../package.json')
const native = require('../addon/native')
const snapshots = require('../monitor/snapshots')
const { checkSnapshot } = require('../options/check')
const { Monitor } = require('../monitor/monitor')
const { orderBody } = require('./body')
const { download } = require('./download')
const { Refusal, json } = require('./reply')

const nameOf = (info) => path.basename(info.path)
const missing = () => new Refusal(404, 'HEAPWARDEN_NOT_FOUND', 'there is no snapshot of this name')
const named = (info) => ({ name: nameOf(info), ...info })

/** The URL under which we are mounted, without a slash at its end. Express, Connect and node:http each tell it otherwise. */
function mountedAt (req) {
  const pathOf = (url) => url.split('?', 1)[0]
  const full = pathOf(req.originalUrl ?? req.url)
  const inner = pathOf(req.url)
  return (full.endsWith(inner) ? full.slice(0, full.length - inner.length) : full).replace(/\/+$/, '')
}

/**
 * The routes of one mounted middleware.
 * @param {{ monitor?: import('../..').Monitor, dir?: string }} options
 */
function routes ({ monitor, dir }) {
  let running // the order under way, shared by everybody who orders meanwhile

  const list = () => monitor && dir === undefined ? monitor.snapshots() : snapshots.list(dir)

  async function find (name) {
    // Looked up in the listing and never joined to a folder: there is no path to traverse.
    const info = (await list()).find((one) => nameOf(one) === name)
    if (!info) throw missing()
    return info
  }

  function ofMonitor (what) {
    if (!monitor) throw new Refusal(404, 'HEAPWARDEN_NOT_FOUND', 'no monitor was given to this middleware')
    return what(monitor)
  }

  function order (trigger) {
    if (running) return { shared: true, done: running }
    const place = dir === undefined ? {} : { dir }
    running = monitor ? monitor.snapshot({ ...place, trigger }) : snapshots.order(checkSnapshot({ ...place, trigger }))
    const over = () => { running = undefined }
    running.then(over, over)
    return { shared: false, done: running }
  }

  async function postSnapshot (req, res) {
    const { trigger = 'http' } = await orderBody(req)
    const { shared, done } = order(trigger)
    const info = named(await done)
    const headers = shared ? {} : { Location: `${mountedAt(req)}/snapshots/${encodeURIComponent(info.name)}` }
    json(req, res, shared ? 200 : 201, { ...info, shared }, headers)
  }

  const status = () => ({
    version,
    pid: process.pid,
    nodeVersion: process.version,
    uptimeMs: Math.round(process.uptime() * 1000),
    watching: monitor !== undefined && !Monitor.hasStopped(monitor),
    latest: monitor?.latest ?? null,
    rules: monitor?.rules() ?? [],
    snapshotRunning: running !== undefined,
    capabilities: JSON.parse(native.capabilities())
  })

  const index = () => ({
    name: 'heapwarden',
    version,
    routes: Object.entries(table).flatMap(([route, handlers]) => Object.keys(handlers).map((method) => `${method} ${route}`))
  })

  const show = (what) => async (req, res) => json(req, res, 200, await what())

  const table = {
    '/': { GET: show(index) },
    '/status': { GET: show(status) },
    '/history': { GET: show(() => ofMonitor((one) => one.history())) },
    '/rules': { GET: show(() => ofMonitor((one) => one.rules())) },
    '/snapshots': { GET: show(async () => (await list()).map(named)), POST: postSnapshot },
    '/snapshots/:name': {
      GET: async (req, res, name) => download(req, res, await find(name), name),
      async DELETE (req, res, name) {
        const { path: file } = await find(name)
        await snapshots.remove(file).catch((error) => {
          throw error.code === 'HEAPWARDEN_NOT_FOUND' ? missing() : error
        })
        res.statusCode = 204
        res.end()
      }
    }
  }
  return table
}

/** Splits a request's URL into a route of the table and the name in it. @throws Refusal */
function resolve (table, url) {
  const pathname = url.split('?', 1)[0].replace(/(.)\/$/, '$1') || '/'
  if (!pathname.includes(':') && Object.hasOwn(table, pathname)) return { handlers: table[pathname] }
  const [, encoded] = /^\/snapshots\/([^/]+)$/.exec(pathname) ?? []
  if (encoded === undefined) throw new Refusal(404, 'HEAPWARDEN_NOT_FOUND', 'there is nothing at this path')
  try {
    return { handlers: table['/snapshots/:name'], name: decodeURIComponent(encoded) }
  } catch {
    throw new Refusal(400, 'HEAPWARDEN_INVALID_OPTION', 'the name in the path is not valid percent-encoding')
  }
}

module.exports = { resolve, routes }
