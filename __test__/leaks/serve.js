'use strict'

// The child of collect.js: runs one program's server and takes snapshots of it when it is told to. What it must do is one argument,
// JSON: `{ file, worker }`. With `worker` the server runs in a worker thread, and so do the snapshots; the main thread passes on what is said.

const { once } = require('node:events')
const { setImmediate: turn } = require('node:timers/promises')
const { pathToFileURL } = require('node:url')
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads')
const { takeSnapshot } = require('../..')

const order = isMainThread ? JSON.parse(process.argv[2]) : workerData
/** One collection leaves what finalizers hold, and what only a weak reference of the first has kept. */
const COLLECTIONS = 3

/** A CommonJS program is required as any file is; a module has its server as the default export. */
async function program (file) {
  return file.endsWith('.mjs') ? (await import(pathToFileURL(file).href)).default : require(file)
}

/** Counts connections and keeps none of them: a list would hold sockets that the program does not. */
function countConnections (server) {
  let open = 0
  let atRest = () => {}
  server.on('connection', (socket) => {
    open += 1
    socket.once('close', () => {
      open -= 1
      if (open === 0) atRest()
    })
  })
  return {
    rest: () => open === 0 ? Promise.resolve() : new Promise((resolve) => { atRest = resolve })
  }
}

async function serve (say, hear) {
  const server = await program(order.file)
  const connections = countConnections(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  hear(async ({ type, atRest, options }) => {
    if (type !== 'snapshot') return
    try {
      if (atRest) await connections.rest()
      for (let i = 0; i < COLLECTIONS; i++) {
        await turn()
        globalThis.gc()
      }
      const { path, form } = await takeSnapshot(options)
      say({ type: 'snapshot', path, form })
    } catch (error) {
      say({ type: 'failed', message: error.message })
    }
  })
  say({ type: 'listening', port: server.address().port })
}

function inWorker (say, hear) {
  const worker = new Worker(__filename, { workerData: { file: order.file } })
  worker.on('message', say)
  hear((message) => worker.postMessage(message))
}

if (isMainThread) {
  // Who has asked is gone: nobody would end it otherwise.
  process.on('disconnect', () => process.exit())
  const say = (message) => process.send(message)
  const hear = (listener) => process.on('message', listener)
  if (order.worker) inWorker(say, hear)
  else serve(say, hear)
} else {
  serve((message) => parentPort.postMessage(message), (listener) => parentPort.on('message', listener))
}
