'use strict'

// Starts and stops COUNT monitors and says what the process holds every now and then: node churn.js COUNT EVERY

const fs = require('node:fs')
const { watch } = require('../..')
const { holdings } = require('./holdings')

const [count, every] = process.argv.slice(2).map(Number)

async function main () {
  for (let i = 0; i < count; i++) {
    if (i % every === 0) console.log(JSON.stringify({ started: i, ...await holdings() }))
    const monitor = watch({
      interval: 10,
      rules: [{ name: 'never', metric: 'rss', above: '1TB' }],
      snapshots: { dir: fs.realpathSync('/tmp') }
    })
    monitor.on('sample', () => {})
    monitor.on('gc', () => {})
    // Some end at once, some have sampled, some are two at a time.
    if (i % 3 === 0) await monitor.sample()
    if (i % 7 === 0) await Promise.all([watch().stop(), monitor.stop()])
    await monitor.stop()
  }
  console.log(JSON.stringify({ started: count, ...await holdings() }))
}

main()
