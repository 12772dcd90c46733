'use strict'

const zones = ['north', 'east', 'south', 'west']

exports.currency = 'EUR'
exports.loadedAt = new Date()
exports.shipping = Array.from({ length: 60 }, (_, weight) => ({
  weight,
  prices: Object.fromEntries(zones.map((zone, i) => [zone, `${weight * (i + 1)}.90 ${exports.currency}`]))
}))
