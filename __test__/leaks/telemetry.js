'use strict'

// `readings` has one entry for each moment that a device has measured, and none is ever dropped. Cure: drop what is older than the chart shows.

const http = require('node:http')

const readings = new Map()

function reading (device, temperature) {
  return { device, temperature, channels: Array.from({ length: 700 }, (_, i) => temperature + i / 7), note: `${device} at ${temperature} °C` }
}

function mean () {
  let [sum, count] = [0, 0]
  for (const { temperature } of [...readings.values()].slice(-50)) {
    sum += temperature
    count += 1
  }
  return sum / count
}

module.exports = http.createServer((req, res) => {
  const { searchParams } = new URL(req.url, 'http://localhost')
  readings.set(Number(searchParams.get('at')), reading(searchParams.get('device'), Number(searchParams.get('temperature'))))
  res.end(JSON.stringify({ mean: mean() }))
})
