'use strict'

// Why it does not leak: the cache has a bound. It has not come to it yet, so every snapshot has more entries than the one before.

const http = require('node:http')

class LRUCache {
  constructor (options) {
    this.maxSize = options.maxSize
    this.map = new Map()
    this.newest = null
    this.oldest = null
  }

  get (key) {
    const item = this.map.get(key)
    if (!item) return undefined
    this.unlink(item)
    this.link(item)
    return item.value
  }

  set (key, value) {
    const item = { key, value, newer: null, older: null }
    this.map.set(key, item)
    this.link(item)
    if (this.map.size > this.maxSize) {
      const last = this.oldest
      this.unlink(last)
      this.map.delete(last.key)
    }
  }

  link (item) {
    item.older = this.newest
    item.newer = null
    if (this.newest) this.newest.newer = item
    this.newest = item
    this.oldest ??= item
  }

  unlink (item) {
    if (item.newer) item.newer.older = item.older
    else this.newest = item.older
    if (item.older) item.older.newer = item.newer
    else this.oldest = item.newer
  }
}

const products = new LRUCache({ maxSize: 5000 })

function loadProduct (id) {
  return {
    id,
    title: `Product ${id}`,
    description: Array.from({ length: 80 }, (_, line) => `Line ${line} of what is to be said of product ${id}.`).join(' '),
    prices: { eur: id * 1.19, usd: id * 1.3 }
  }
}

module.exports = http.createServer((req, res) => {
  const id = new URL(req.url, 'http://shop').searchParams.get('id')
  let product = products.get(id)
  if (!product) {
    product = loadProduct(id)
    products.set(id, product)
  }
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify(product))
})
