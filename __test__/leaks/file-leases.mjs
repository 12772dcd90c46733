// The registry that should tell of forgotten leases gets the lease itself as what it is told with, and so keeps each from ever being collected.
// Cure: the held value must not lead to the target: its number alone.

import http from 'node:http'

const forgotten = new FinalizationRegistry(({ lease }) => {
  console.error(`lease ${lease.number} was never given back`)
})

class Lease {
  constructor (number) {
    this.number = number
    this.blocks = Array.from({ length: 60 }, (_, i) => ({ offset: i * 4096, owner: `lease ${number}, block ${i}` }))
    forgotten.register(this, { lease: this, since: new Date() }, this)
  }

  giveBack () {
    forgotten.unregister(this)
  }
}

export default http.createServer((req, res) => {
  const lease = new Lease(Number(req.url.split('/').at(-1)))
  res.end(JSON.stringify({ blocks: lease.blocks.length }))
})
