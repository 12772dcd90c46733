'use strict'

/** q-values of an Accept-Encoding header by coding, lower case; a malformed one counts as 0: not wanted. */
function qualities (header) {
  const out = new Map()
  for (const part of header.split(',')) {
    const [coding, ...parameters] = part.split(';').map((one) => one.trim().toLowerCase())
    if (coding === '') continue
    const q = parameters.find((one) => one.startsWith('q='))?.slice(2)
    out.set(coding, q === undefined ? 1 : /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q) : 0)
  }
  return out
}

/**
 * Whether a file that is stored as zstd goes out as it is ('zstd'), unpacked ('identity'), or cannot be sent
 * in a form the client takes (null). Without the header anything may be sent, but a client that does not
 * speak of encodings seldom unpacks one.
 *
 * @param {string | undefined} header Accept-Encoding (RFC 9110 §12.5.3)
 */
function negotiate (header) {
  if (header === undefined) return 'identity'
  const q = qualities(header)
  const any = q.get('*')
  const zstd = q.get('zstd') ?? any ?? 0
  // Identity is acceptable unless refused; unnamed it loses to anything named.
  const identity = q.get('identity') ?? (any === 0 ? 0 : Number.MIN_VALUE)
  if (zstd > 0 && zstd >= identity) return 'zstd'
  return identity > 0 ? 'identity' : null
}

module.exports = { negotiate }
