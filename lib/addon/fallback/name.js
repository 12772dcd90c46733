'use strict'

// File names that sort by time: as src/file/name.rs makes and reads them.

const { randomBytes } = require('node:crypto')

const SHAPE = /^heapwarden-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z-(0|[1-9]\d*)-(0|[1-9]\d*)-([a-z0-9]+(?:-[a-z0-9]+)*)-[0-9a-f]{4}\.(?:heapsnapshot(\.zst)?|(heapimage)\.zst)$/

/** Lower-case letters, digits and single dashes. */
const slug = (trigger) => trigger.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-/, '').slice(0, 40).replace(/-$/, '') || 'snapshot'

/** Two calls give two names. */
function generate ({ at, pid, threadId, trigger }, zstd) {
  const stamp = new Date(at).toISOString().replace(/[-:]/g, '')
  return `heapwarden-${stamp}-${pid}-${threadId}-${slug(trigger)}-${randomBytes(2).toString('hex')}.heapsnapshot${zstd ? '.zst' : ''}`
}

/** What a generated name tells; undefined for any other. */
function parse (name) {
  const [, year, month, day, hour, minute, second, pid, threadId, trigger, zst, image] = SHAPE.exec(name) ?? []
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(at)) return undefined
  return { at, pid: Number(pid), threadId: Number(threadId), trigger, form: image ? 'image' : 'snapshot', zstd: (zst ?? image) !== undefined }
}

// Not the temporary names of the addon: it takes files of those names that nobody has locked for left behind, and Node
// cannot lock.
const temporary = (name) => `.${name}.js.tmp`

/** The pid in a temporary name of ours; undefined for any other. */
const parseTemporary = (name) => name.startsWith('.') && name.endsWith('.js.tmp') ? parse(name.slice(1, -'.js.tmp'.length))?.pid : undefined

const isEvidence = (name) => !name.startsWith('.') && /\.heap(snapshot(\.zst)?|image\.zst)$/.test(name)

module.exports = { generate, isEvidence, parse, parseTemporary, slug, temporary }
