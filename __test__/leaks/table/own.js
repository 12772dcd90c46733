'use strict'

// Programs of our own, each with a leak that Node developers write.

module.exports = [
  // Collections
  {
    name: 'page-cache',
    kinds: ['collection'],
    holder: /\bpages\b/,
    file: /page-cache\.js/,
    alone: true,
    request: (i) => `/article/${i}?ref=newsletter`
  }
]
