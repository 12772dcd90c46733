/// <reference types="node" />

import { IncomingMessage, ServerResponse } from 'node:http'
import { Monitor } from '..'

/**
 * The admin routes as an HTTP handler for Express (`app.use('/admin/heap', middleware(…))`), Connect and bare
 * `node:http`. Everything below its mount is answered here, as JSON; `next` is never called.
 *
 * `GET /` lists the routes, and docs/middleware.md tells what each answers: status, history and rules of the monitor; snapshots
 * to list, order (`POST /snapshots`, nothing or `{"trigger": "why"}` as its body), download (a heap image as the snapshot in it, where there is
 * memory to thaw it; `?raw=1`: the file itself, of an image a bundle) and delete.
 *
 * Failures are `{ code, message }`: 400 bad body, 401 bad token, 403 not allowed, 404, 405, 409 not to be thawed here, 413, 503 memory budget or
 * stopped, 504 timeout, 507 disk full, 500 otherwise. Over HTTP there is one more code, `HEAPWARDEN_INTERNAL`: the
 * process has printed a warning.
 *
 * @throws HeapwardenError `HEAPWARDEN_INVALID_OPTION`, also if neither `token`, `authorize` nor `insecure` is given
 */
declare function middleware(options: middleware.MiddlewareOptions): middleware.Middleware

declare namespace middleware {
  type Middleware = (req: IncomingMessage, res: ServerResponse, next?: (error?: any) => void) => void

  interface MiddlewareOptions {
    /** Whose figures are shown. Without one there are only snapshots. */
    monitor?: Monitor
    /** The folder shown and written to. Default: the monitor's, else the default folder. */
    dir?: string
    /** To be sent as `Authorization: Bearer TOKEN`; visible ASCII. */
    token?: string
    /** Whether the request may pass; with `token`, both must agree. May answer by itself. */
    authorize?(req: IncomingMessage, res: ServerResponse): boolean | void | Promise<boolean | void>
    /** True: whoever reaches it may use it. A snapshot holds every secret of the process. */
    insecure?: boolean
  }

  export { middleware, Middleware, MiddlewareOptions }
}

export = middleware
