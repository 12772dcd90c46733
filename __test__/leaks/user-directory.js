'use strict'

// Each user is kept twice, by number and by name, and in neither place taken away: who mends one alone frees nothing. Cure: a bound for both.

const http = require('node:http')

class Directory {
  constructor () {
    this.byId = new Map()
    this.byName = new Map()
  }

  add (user) {
    this.byId.set(user.id, user)
    this.byName.set(user.name, user)
  }
}

const directory = new Directory()

function load (id) {
  const groups = Array.from({ length: 60 }, (_, i) => ({ group: `group-${i}`, role: `${i % 2 ? 'member' : 'owner'} since ${2000 + i} as ${id}` }))
  return { id, name: `user-${id}`, groups }
}

module.exports = http.createServer((req, res) => {
  const id = Number(req.url.split('/').at(-1))
  if (!directory.byId.has(id)) directory.add(load(id))
  res.end(JSON.stringify({ name: directory.byId.get(id).name, known: directory.byName.size }))
})
