'use strict'

// What can be asked for, and where.

const { version } = require('../../package.json')
const native = require('../addon/native')
const { Monitor } = require('../monitor/monitor')
const { orderBody } = require('./body')
const { download } = require('./download')
const { named } = require('./mount')
const { Refusal, json } = require('./reply')

/**
 * Method, path, what it answers, and who does. A route is a line here and a row of docs/middleware.md, which begins with the
 * same words. Handlers are given what mount() returns, and the name in a path that has one.
 */
const table = [
  ['GET', '/', 'the routes', show(index)],
  ['GET', '/status', 'version, process, the latest sample, the rules and their state, capabilities', show(status)],
  ['GET', '/history', 'the samples kept, oldest first', show(({ ofMonitor }) => ofMonitor((one) => one.history()))],
  ['GET', '/rules', 'the rules and their state', show(({ ofMonitor }) => ofMonitor((one) => one.rules()))],
  ['GET', '/snapshots', 'the snapshots in the folder, newest first', show(async ({ list }) => (await list()).map(named))],
  ['POST', '/snapshots', 'orders one and answers when it is done', postSnapshot],
  ['GET', '/snapshots/:name', 'the JSON that DevTools loads', getSnapshot],
  ['DELETE', '/snapshots/:name', '204', deleteSnapshot],
  ['GET', '/reports', 'the last reports, oldest first', show(({ ofMonitor }) => ofMonitor((one) => one.reports()))],
  ['POST', '/reports', 'orders one and answers with it', postReport]
]

function show (what) {
  return async (mount, req, res) => json(req, res, 200, await what(mount))
}

function index () {
  return { name: 'heapwarden', version, routes: table.map(([method, path]) => `${method} ${path}`) }
}

function status ({ monitor, isRunning }) {
  return {
    version,
    pid: process.pid,
    nodeVersion: process.version,
    uptimeMs: Math.round(process.uptime() * 1000),
    watching: monitor !== undefined && !Monitor.hasStopped(monitor),
    latest: monitor?.latest ?? null,
    rules: monitor?.rules() ?? [],
    snapshotRunning: isRunning(),
    // A copy of this package that is not this one may be older.
    capabilities: monitor?.capabilities ?? JSON.parse(native.capabilities())
  }
}

/** The URL under which we are mounted, without a slash at its end. Express, Connect and node:http each tell it otherwise. */
function mountedAt (req) {
  const pathOf = (url) => url.split('?', 1)[0]
  const full = pathOf(req.originalUrl ?? req.url)
  const inner = pathOf(req.url)
  return (full.endsWith(inner) ? full.slice(0, full.length - inner.length) : full).replace(/\/+$/, '')
}

async function postSnapshot ({ order }, req, res) {
  const { trigger = 'http' } = await orderBody(req)
  const { shared, done } = order(trigger)
  const info = named(await done)
  const headers = shared ? {} : { Location: `${mountedAt(req)}/snapshots/${encodeURIComponent(info.name)}` }
  json(req, res, shared ? 200 : 201, { ...info, shared }, headers)
}

async function postReport ({ ofMonitor }, req, res) {
  const { trigger = 'http' } = await orderBody(req)
  json(req, res, 200, await ofMonitor((one) => one.report({ trigger })))
}

async function getSnapshot ({ find, snapshotOptions }, req, res, name) {
  const info = await find(name)
  return download(req, res, info, name, snapshotOptions(info))
}

async function deleteSnapshot ({ remove }, req, res, name) {
  await remove(name)
  res.statusCode = 204
  res.end()
}

/** Each path once, with its handlers by method; those with a name in them as what they match. */
const paths = [...new Set(table.map(([, path]) => path))].map((path) => ({
  shape: new RegExp(`^${path.replace(/:\w+/, '([^/]+)')}$`),
  handlers: Object.fromEntries(table.filter(([, one]) => one === path).map(([method, , , handler]) => [method, handler]))
}))

/** Splits a request's URL into the handlers of its path, by method, and the name in it. @throws Refusal */
function resolve (url) {
  const pathname = url.split('?', 1)[0].replace(/(.)\/$/, '$1') || '/'
  const found = paths.find(({ shape }) => shape.test(pathname))
  if (!found) throw new Refusal(404, 'HEAPWARDEN_NOT_FOUND', 'there is nothing at this path')
  const [, encoded] = found.shape.exec(pathname)
  try {
    return { handlers: found.handlers, name: encoded === undefined ? undefined : decodeURIComponent(encoded) }
  } catch {
    throw new Refusal(400, 'HEAPWARDEN_INVALID_OPTION', 'the name in the path is not valid percent-encoding')
  }
}

module.exports = { resolve, table }
