'use strict'

// Snapshots of any heap put through suspects, the report's page, the terminal's text and the ticket's: what must hold of each.

const assert = require('node:assert/strict')
const analysis = require('../../lib/analysis')
const { MOST, fitting } = require('../../lib/cli/suspects/fitting')
const { markdown } = require('../../lib/cli/suspects/markdown')
const { text } = require('../../lib/cli/suspects/text')
const { printableJson } = require('../../lib/base/printable')
const { pageData } = require('../../lib/report/data')
const { render } = require('../../lib/report/html')

const VERDICTS = ['leak', 'backlog', 'large', 'settling', 'none', 'unknown']

/** Within rounding. */
const isShare = (value) => value >= 0 && value <= 1

function sane (suspect, { total }) {
  const { title, explanation, cure, pathText, path, holders, holderTexts, count, retainedSize, exclusiveSize, share, confidence, fingerprint, entry, keys, growth } = suspect
  for (const one of [title, explanation, cure, pathText]) assert.ok(typeof one === 'string' && one.trim() !== '', JSON.stringify(suspect))
  assert.doesNotMatch([title, explanation, cure].join(), /undefined|NaN|\[object /)
  assert.ok(path.length > 0 && holders.length === holderTexts.length)
  // What several hold is split among them, and may go with one of them all the same: `exclusiveSize` may be the larger.
  assert.ok(count >= 1 && exclusiveSize <= total && retainedSize <= total, JSON.stringify({ count, exclusiveSize, retainedSize, total }))
  assert.ok(isShare(share) && isShare(confidence))
  assert.match(fingerprint, /^[0-9a-f]{16}$/)
  assert.ok(entry === undefined || entry.averageSize >= 0)
  assert.ok(keys === undefined || keys.distinct >= keys.examples.length)
  assert.ok(growth === undefined || growth.perSnapshot.length === growth.retainedSizes.length)
}

/**
 * @param {string[]} files oldest first
 * @param {object} [options] of findSuspects
 * @returns {Promise<object>} the report
 */
async function questioned (files, options = {}) {
  const { report, summary, tree } = await analysis.report(files, options)
  const top = await analysis.suspects(files, { ...options, top: 32 })
  for (const one of [report, top]) {
    assert.ok(VERDICTS.includes(one.verdict), one.verdict)
    assert.ok(one.headline.trim() !== '' && !/undefined|NaN/.test(one.headline), one.headline)
    assert.equal(one.snapshots.length, files.length)
    assert.ok(one.snapshots.every(({ totalSize, nodes }) => totalSize >= 0 && nodes > 0))
    assert.equal(one.complete, one.damage === undefined)
    one.suspects.forEach((suspect) => sane(suspect, one))
    assert.ok(one.suspects.reduce((sum, { retainedSize }) => sum + retainedSize, 0) <= one.total, 'no byte is counted twice')
  }
  assert.deepEqual([top.verdict, top.headline, top.suspects[0]], [report.verdict, report.headline, report.suspects[0]])
  assert.ok(tree.length > 0 && tree.length <= 3000)
  const html = render({ report, summary, tree })
  const [, data] = /<script type="application\/json" id="data">([^]*?)<\/script>/.exec(html)
  assert.deepEqual(JSON.parse(data).report, JSON.parse(JSON.stringify(pageData({ report, summary, tree }, {}).report)))
  for (const show of [printableJson, markdown, (one) => text(one, { width: 80 })]) assert.ok(fitting(top, show).length < MOST)
  return top
}

module.exports = { questioned }
