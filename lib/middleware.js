'use strict'

// `heapwarden/middleware`: the admin routes, for Express, Connect and bare node:http.

const { warnOnce } = require('./log/warn')
const { checkGuard, guard } = require('./http/guard')
const { mount } = require('./http/mount')
const { checkMiddleware } = require('./http/options')
const { Refusal, failure, open } = require('./http/reply')
const { resolve } = require('./http/routes')

const allowed = (handlers) => [...Object.keys(handlers), ...('GET' in handlers ? ['HEAD'] : []), 'OPTIONS'].join(', ')

/**
 * @param {import('./middleware').MiddlewareOptions} options
 * @returns {(req, res, next?) => void}
 * @throws HEAPWARDEN_INVALID_OPTION, also if nothing decides who may pass
 */
function middleware (options = {}) {
  const given = checkMiddleware(options, '')
  checkGuard(given)
  const enter = guard(given)
  const mounted = mount(given)

  async function answer (req, res) {
    if (!open(res)) return
    res.setHeader('Cache-Control', 'no-store')
    res.setHeader('X-Content-Type-Options', 'nosniff')
    if (!await enter(req, res)) return
    const { handlers, name } = resolve(req.url)
    if (req.method === 'OPTIONS') {
      res.statusCode = 204
      res.setHeader('Allow', allowed(handlers))
      res.end()
      return
    }
    const method = req.method === 'HEAD' ? 'GET' : req.method
    if (!Object.hasOwn(handlers, method)) {
      throw new Refusal(405, 'HEAPWARDEN_UNSUPPORTED', `${req.method} is not possible here`, { Allow: allowed(handlers) })
    }
    await handlers[method](mounted, req, res, name)
  }

  // `next` is never called: every path below the mount is ours, and every failure is an answer.
  return function heapwarden (req, res) {
    answer(req, res).catch((error) => {
      // The client went away, or half a file is out: nobody to tell, nothing left to say it with.
      if (!open(res) || (req.destroyed && !req.complete)) {
        if (!res.writableEnded) res.destroy()
        return
      }
      if (!failure(req, res, error)) warnOnce('HEAPWARDEN_INTERNAL', `middleware: ${error?.stack ?? error}`)
    })
  }
}

module.exports = middleware
module.exports.middleware = middleware
