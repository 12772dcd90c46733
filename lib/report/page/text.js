'use strict'

// Numbers and names as people read them. No document here: Node's tests call it too.

const { printable } = require('../../base/printable')

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** `1.2 MB` */
function bytes (number) {
  let unit = 0
  for (; Math.abs(number) >= 999.95 && unit < UNITS.length - 1; unit++) number /= 1000
  return `${unit === 0 ? Math.round(number) : number.toFixed(1)} ${UNITS[unit]}`
}

/** `48,213`, whatever the reader's language: the prose is English. */
const number = (value) => Math.round(value).toLocaleString('en-GB')

/** `61 %`, `0.4 %` */
function percent (share) {
  const value = share * 100
  if (value > 0 && value < 0.1) return '< 0.1 %'
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} %`
}

/** `310 a minute`, `4.2 a minute`, `18 an hour`, `3 a day`: what a person can count. */
const rate = (perMinute) => {
  const [times, unit] = [[1, 'a minute'], [60, 'an hour']].find(([times]) => perMinute === 0 || Math.abs(perMinute * times) >= 0.95) ?? [1440, 'a day']
  const value = perMinute * times
  return `${times > 1 || Math.abs(value) >= 9.95 ? number(value) : String(Number(value.toFixed(1)))} ${unit}`
}

/** The end of a text that is too long is left out. */
const cut = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text

/** The file's name, of a path of any system; Node's own are known by more of it. */
const fileName = (path) => path.startsWith('node:') ? path : path.split(/[/\\]/).filter(Boolean).at(-1) ?? path

/** `server.js:12:9`, from a place that counts from 0, as V8's do. */
function place (location) {
  if (!location) return ''
  const { script, scriptId, line, column } = location
  return `${script === undefined ? `script ${scriptId}` : fileName(script)}:${line + 1}:${column + 1}`
}

/** `1 entry`, `5 entries` */
const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`

/** A length of time: `45 s`, `12 min`, `3.5 h` */
function duration (ms) {
  if (ms < 90_000) return `${Math.round(ms / 1000)} s`
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`
  return ms < 172_800_000 ? `${Number((ms / 3_600_000).toFixed(1))} h` : `${Number((ms / 86_400_000).toFixed(1))} days`
}

/** What stands in a text as `printable` shows it: nothing that turns words round or looks like an end of line. */
const plain = (text) => printable(String(text))

module.exports = { bytes, cut, duration, fileName, number, percent, place, plain, plural, rate }
