'use strict'

// Requests to a service in a container, from outside of it: what a client takes is not the container's.

const http = require('node:http')

const TICK_MS = 10

/**
 * Asks the service at `port` so many times a second, and looks at each answer. `answered` and `wrong` count from the last
 * `reset()`; after `stop()` nothing is asked any more, and nothing is wrong.
 */
function load ({ port, rate, wanted }) {
  const agent = new http.Agent({ keepAlive: true })
  const counts = { answered: 0, wrong: 0 }
  let stopped = false
  const begun = performance.now()
  let asked = 0
  const count = (what) => { if (!stopped) counts[what]++ }
  const ask = () => {
    http.get({ port, host: '127.0.0.1', agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece) => { text += piece }).on('close', () => {
        count('answered')
        // One that was cut too.
        if (text !== wanted) count('wrong')
      })
    }).on('error', () => count('wrong'))
  }
  const timer = setInterval(() => {
    // What it could not be asked for while this stood still it is not asked for later.
    const due = Math.floor((performance.now() - begun) / 1000 * rate)
    for (let i = Math.min(due - asked, rate / 10); i > 0; i--) ask()
    asked = due
  }, TICK_MS)
  return {
    counts,
    reset () { counts.answered = counts.wrong = 0 },
    stop () {
      stopped = true
      clearInterval(timer)
      agent.destroy()
    }
  }
}

module.exports = { load }
