'use strict'

// Where V8 cannot be reached directly: its figures and snapshots through `node:v8`, on the loop. The kernel's
// figures, rules, files and events are the addon's as everywhere.

const v8 = require('node:v8')
const { admit } = require('./fallback/budget')

const figures = new Float64Array(9)

/** Node opens a file for `rss`, and throws where there is no descriptor left for it, or no /proc. */
function memoryUsage (heap) {
  try {
    return process.memoryUsage()
  } catch {
    return { external: heap.external_memory, arrayBuffers: 0 }
  }
}

/** Reads V8 and tells the addon. */
function publish (host) {
  const heap = v8.getHeapStatistics()
  const { external, arrayBuffers } = memoryUsage(heap)
  figures.set([
    heap.total_heap_size, heap.total_physical_size, heap.used_heap_size, heap.heap_size_limit,
    heap.malloced_memory, external, heap.number_of_native_contexts, heap.number_of_detached_contexts, arrayBuffers
  ])
  host.publish(figures)
}

/** Answers what the addon asks of JavaScript; the other events, as JSON, are for monitors and promises. */
function answer (host, json) {
  const events = JSON.parse(json)
  const others = []
  for (const event of events) {
    if (event.type === 'wantFigures') publish(host)
    else if (event.type === 'wantSnapshot') snapshot(host, event)
    else others.push(event)
  }
  return JSON.stringify(others)
}

/** Takes the snapshot and feeds it; the result comes as an event like any other's. */
async function snapshot (host, { capture, numericValues, memoryBudget }) {
  const begin = performance.now()
  try {
    // The addon has asked too, but not about large objects.
    admit(memoryBudget)
    // Not a stream, whatever it looks like: V8 writes the whole JSON into memory here.
    const stream = v8.getHeapSnapshot({ exposeNumericValues: numericValues })
    const pause = performance.now() - begin
    for await (const chunk of stream) {
      const failure = await host.feed(capture, chunk)
      if (failure !== null) return
    }
    host.fed(capture, pause, null)
  } catch (error) {
    const ours = error?.code === 'HEAPWARDEN_MEMORY_BUDGET'
    host.fed(capture, 0, ours ? error.message : `node:v8: ${error?.message ?? error}`, ours ? error.code : undefined)
  }
}

module.exports = { answer, publish }
