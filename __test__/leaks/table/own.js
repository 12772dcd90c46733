'use strict'

// Programs of our own, each with a leak that Node developers write. Their first comments say what leaks.

const number = (i) => `/${i}`

module.exports = [
  // Collections
  { name: 'page-cache', kinds: ['collection'], holder: /\bpages\b/, file: /page-cache\.js/, alone: true, request: (i) => `/article/${i}?ref=newsletter` },
  {
    name: 'rate-limit',
    kinds: ['collection'],
    holder: /\bvisitors\b/,
    file: /rate-limit\.js/,
    alone: true,
    request: (i) => ({ path: `/search?q=${i}`, headers: { 'x-forwarded-for': `198.51.${i >> 8}.${i & 255}`, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' } })
  },
  {
    name: 'webhook-inbox',
    kinds: ['collection'],
    holder: /\bseen\b/,
    file: /webhook-inbox\.mjs/,
    alone: true,
    request: (i) => ({
      path: '/hooks',
      method: 'POST',
      headers: { 'x-delivery': `d-${i}` },
      body: { event: 'push', commits: Array.from({ length: 120 }, (_, j) => ({ id: `${i}-${j}`, message: `Change ${j} of push ${i}` })) }
    })
  },
  { name: 'audit-trail', kinds: ['collection'], holder: /#history\b/, file: /audit-trail\.js/, alone: true, request: (i) => `/deposit?account=${i % 40}&amount=${i}` },
  {
    name: 'telemetry',
    kinds: ['collection'],
    holder: /\breadings\b/,
    file: /telemetry\.js/,
    alone: true,
    request: (i) => `/readings?at=${1_764_322_000_000 + i * 250}&device=boiler-${i % 5}&temperature=${60 + i % 9}`
  },
  { name: 'request-metrics', kinds: ['collection'], holder: /\b(duration|series)\b/, file: /request-metrics\.js/, alone: true, perRound: 2000, request: (i) => `/orders/${i}` },
  { name: 'memoized-search', kinds: ['collection'], holder: /\bresults\b/, file: /memoized-search\.js/, alone: true, request: (i) => `/search?q=chair+${i}&page=${i % 4}` },
  { name: 'login-sessions', kinds: ['collection'], holder: /#all\b/, file: /login-sessions\.mjs/, alone: true, request: (i) => `/login/user-${i}` },

  // Listeners and timers
  { name: 'live-config', kinds: ['listeners'], holder: /\bconfiguration\b/i, file: /live-config\.js/, alone: true, request: (i) => `/basket/${i}` },
  { name: 'graceful-stop', known: 'node-event-target-listeners', kinds: ['listeners'], holder: /\b(stopping|signal)\b/i, file: /graceful-stop\.js/, alone: true, request: (i) => `/jobs/${i}` },
  { name: 'event-stream', kinds: ['timers'], holder: /\bheartbeat\b/, file: /event-stream\.js/, alone: true, request: (i) => ({ path: `/stream/${i}`, abort: 'response' }) },
  { name: 'retry-queue', kinds: ['timers'], holder: /\b(send|mail)\b|setTimeout/, file: /retry-queue\.js/, alone: true, request: number },

  // Closures
  { name: 'shutdown-hooks', kinds: ['closure', 'collection'], holder: /\bcleanups\b/, file: /shutdown-hooks\.js/, alone: true, request: (i) => `/export/${i}` },
  { name: 'price-board', kinds: ['closure'], holder: /\b(board|previous)\b/, file: /price-board\.js/, alone: true, request: (i) => `/markets/${i}` },

  // Promises
  { name: 'request-deadline', known: 'node-promise-race', kinds: ['promises'], holder: /\bstopped\b/, file: /request-deadline\.js/, alone: true, request: (i) => `/customers/${i}` },
  { name: 'message-bus', kinds: ['promises', 'collection'], holder: /#pending\b/, file: /message-bus\.mjs/, alone: true, request: (i) => `/documents/${i}` },
  { name: 'serial-jobs', kinds: ['promises'], holder: /\b(tail|printer|enqueue|print)\b/, file: /serial-jobs\.js/, alone: true, request: (i) => `/print/${i}` },

  // Buffers and strings
  {
    name: 'upload-check',
    kinds: ['buffers'],
    holder: /\bsignatures\b/,
    file: /upload-check\.js/,
    alone: true,
    request: (i) => ({ path: '/upload', method: 'POST', body: `upload ${i} `.repeat(1500) })
  },
  {
    name: 'invoice-numbers',
    kinds: ['strings'],
    holder: /\bnumbers\b/,
    file: /invoice-numbers\.js/,
    alone: true,
    request: (i) => ({ path: '/invoices', method: 'POST', body: `Dear customer,\n${`position ${i} `.repeat(800)}\nInvoice: 2026-${String(i).padStart(7, '0')}/Berlin\nThank you\n` })
  },
  {
    name: 'chat-transcript',
    kinds: ['strings'],
    holder: /\btranscript\b/,
    file: /chat-transcript\.js/,
    alone: true,
    request: (i) => ({ path: '/say', method: 'POST', body: `user ${i}: ${`and then ${i} `.repeat(600)}` })
  },

  // What Node keeps
  { name: 'reloaded-settings', known: 'node-module-children', kinds: ['modules'], holder: /\b(children|module|settings)\b/i, file: /server\.js/, alone: true, request: number },
  { name: 'notifications', kinds: ['requests'], holder: /\bclients\b/, file: /notifications\.js/, alone: true, perRound: 800, request: number },
  { name: 'tenant-jobs', kinds: ['async-context', 'collection'], holder: /\bscheduled\b/, file: /tenant-jobs\.js/, alone: true, request: (i) => `/tenants/tenant-${i}` },
  { name: 'formula-sandbox', kinds: ['context'], holder: /\bsandboxes\b/, file: /formula-sandbox\.js/, alone: true, warmUp: 10, perRound: 30, request: (i) => `/sheets/${i}` },
  { name: 'export-progress', kinds: ['worker'], holder: /MessagePort|\b(progress|onProgress)\b/, file: /export-progress\.js/, alone: true, request: (i) => `/export/${i}` },
  { name: 'report-workers', kinds: ['worker'], holder: /\bWorker\b|\b(worker|onSum)\b/, file: /report-workers/, warmUp: 3, perRound: 5, request: (i) => `/reports/${i}` },
  { name: 'log-shipping', kinds: ['native', 'collection'], holder: /\bstreams\b/, file: /log-shipping\.js/, alone: true, warmUp: 8, perRound: 30, request: (i) => `/logs/host-${i}` },
  { name: 'file-leases', kinds: ['weak'], holder: /\bforgotten\b|FinalizationRegistry/, file: /file-leases\.mjs/, alone: true, request: (i) => `/lease/${i}` },
  { name: 'tenant-notes', kinds: ['weak', 'collection'], holder: /\bnotes\b/, file: /tenant-notes\.js/, alone: true, request: (i) => `/notes/${i}` },
  { name: 'failed-payments', kinds: ['errors'], holder: /\bfailures\b/, file: /failed-payments\.js/, alone: true, perRound: 1000, request: (i) => `/pay/customer-${i}` },

  // Shapes of what holds it
  { name: 'event-log', kinds: ['collection', 'object'], holder: /#first\b|\bevents\b|\bEventLog\b/, file: /event-log\.js/, alone: true, request: number },
  { name: 'ticker', kinds: ['listeners'], holder: /\bquotes\b/, file: /ticker\.js/, alone: true, request: (i) => `/view/S${i}` },
  {
    name: 'order-feed',
    kinds: ['promises', 'collection'],
    holder: /\bwaiting\b/,
    file: /order-feed\.mjs/,
    alone: true,
    request: (i) => ({ path: `/orders/${i}`, abort: 'response' })
  },
  { name: 'user-directory', kinds: ['collection'], holder: /\bby(Id|Name)\b/, holders: [/\bbyId\b/, /\bbyName\b/], file: /user-directory\.js/, alone: true, request: (i) => `/users/${i}` },
  { name: 'geo-lookup', kinds: ['collection'], holder: /\brecent\b/, file: /geo-lookup\.js/, alone: false, request: (i) => `/where/${i}` },
  { name: 'image-resizer', kinds: ['collection'], holder: /\bthumbnails\b/, file: /image-resizer\.js/, alone: true, worker: true, request: (i) => `/pictures/${i}.jpg?width=${100 + i % 3}` },
  { name: 'product-page', kinds: ['collection'], holder: /\bstore\b/, file: /tiny-cache/, alone: true, request: (i) => `/products/${i}` }
]
