// Each session is put into the class's own `#all`, and only a logout, which hardly anybody does, takes it out. Cure: sessions expire.

import { randomBytes } from 'node:crypto'
import http from 'node:http'

class Session {
  static #all = new Set()

  static open (user) {
    const session = new Session(user)
    Session.#all.add(session)
    return session
  }

  static get count () {
    return Session.#all.size
  }

  #token = randomBytes(32).toString('hex')

  constructor (user) {
    this.user = user
    this.openedAt = new Date()
    this.permissions = Array.from({ length: 60 }, (_, i) => ({ resource: `/projects/${user}/${i}`, allow: ['read', 'write'] }))
  }

  close () {
    Session.#all.delete(this)
  }

  get cookie () {
    return `sid=${this.#token}`
  }
}

export default http.createServer((req, res) => {
  const session = Session.open(req.url.slice('/login/'.length))
  res.setHeader('set-cookie', session.cookie)
  res.end(JSON.stringify({ user: session.user, online: Session.count }))
})
