'use strict'

// A module that keeps sessions.

const sessions = new Map()

function fill (count) {
  const before = sessions.size
  for (let number = before; number < before + count; number++) sessions.set(`session-${number}`, { user: `user ${number}`, visits: [number] })
}

module.exports = { fill, sessions }
