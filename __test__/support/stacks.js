'use strict'

// Which threads of this process a fork would leave without their stack.

const fs = require('node:fs')

/** How many threads' stack pointers could be read, and those whose memory no fork copies. */
function unforkable () {
  const mappings = []
  for (const line of fs.readFileSync('/proc/self/smaps', 'latin1').split('\n')) {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line) ?? []
    if (start) mappings.push({ start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) })
    if (/^VmFlags:.*\bdc\b/.test(line)) mappings.at(-1).notCopied = true
  }
  const stacks = fs.readdirSync('/proc/self/task').flatMap((task) => {
    try {
      const words = fs.readFileSync(`/proc/self/task/${task}/syscall`, 'latin1').split(' ')
      return words.length > 2 ? [BigInt(words.at(-2))] : []
    } catch {
      return [] // It has ended.
    }
  })
  const inside = (stack) => mappings.some(({ start, end, notCopied }) => notCopied && stack >= start && stack < end)
  return { threads: stacks.length, stacks: stacks.filter(inside).map((stack) => stack.toString(16)) }
}

module.exports = { unforkable }
