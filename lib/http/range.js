'use strict'

// Parts of a file (RFC 9110 §14), as `curl -C -` and download managers ask for them.

/** Whether the part may be sent: what the client has is still the beginning of this file. */
function isSame (ifRange, etag, modified) {
  if (ifRange === undefined) return true
  // Weak validators never match here.
  if (ifRange.includes('"')) return ifRange.trim() === etag
  return Date.parse(ifRange) >= Math.floor(modified / 1000) * 1000
}

/**
 * The part of a file of `size` bytes that a request wants.
 * @returns {{ start: number, end: number } | null | undefined} both ends included; null: there is no such part;
 *   undefined: all of it, as for several parts at once and for a header that is not understood
 */
function wantedRange ({ method, headers }, { size, etag, modified }) {
  // Only for GET does a part mean anything.
  if (method !== 'GET' || headers.range === undefined || !isSame(headers['if-range'], etag, modified)) return undefined
  const [, first, last] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(headers.range) ?? []
  if (first === undefined || (first === '' && last === '')) return undefined
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return start <= end ? { start, end } : null
}

module.exports = { wantedRange }
