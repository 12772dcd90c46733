'use strict'

// Growth over the snapshots, drawn by uPlot. What a chart shows is said in words beneath it.

const { el, fill } = require('./dom')
const { duration } = require('./text')
const { colour, onTheme } = require('./theme')

const HEIGHT = 150

/** Where each snapshot stands: by its time, in milliseconds since the first, or else by its number. */
function axis (snapshots) {
  const times = snapshots.map(({ at }) => at)
  const timed = times.every((at) => typeof at === 'number') && times.every((at, index) => index === 0 || at > times[index - 1])
  if (timed) return { xs: times.map((at) => at - times[0]), name: (x) => x === 0 ? 'first' : `+${duration(x)}` }
  return { xs: snapshots.map((_, index) => index + 1), name: (x) => `no. ${x}` }
}

const EACH_POINT = 8

/** Only where a snapshot is there is something to read on the axis; of many the first and the last. */
const ticks = (xs) => xs.length <= EACH_POINT ? xs : [xs[0], xs.at(-1)]

function options ({ xs, name }, show, width) {
  const [ink, line, grid] = ['muted', 'accent', 'rule'].map(colour)
  const axes = { stroke: ink, font: '12px system-ui, sans-serif', ticks: { show: false } }
  const margin = xs.length > 1 ? (xs.at(-1) - xs[0]) * 0.08 : 1
  return {
    width,
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    padding: [12, 12, 0, 0],
    scales: { x: { time: false, range: () => [xs[0] - margin, xs.at(-1) + margin] }, y: { range: (_, least, most) => [Math.min(0, least), most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axes, grid: { show: false }, splits: () => ticks(xs), values: (_, values) => values.map(name), size: 26 },
      { ...axes, grid: { stroke: grid, width: 1 }, values: (_, values) => values.map(show), size: 64, space: 40 }
    ],
    series: [{}, { stroke: line, width: 2, fill: colour('accent-soft'), points: { show: true, size: 7, fill: line } }]
  }
}

/**
 * @param {string} title
 * @param {{ xs: number[], name: Function }} where as `axis` gives it
 * @param {number[]} values one for each snapshot
 * @param {(value: number) => string} show
 */
function chart (title, where, values, show) {
  const place = el('div.plot', { 'aria-hidden': 'true' })
  const draw = () => {
    if (place.clientWidth === 0) return
    fill(place)
    new uPlot(options(where, show, place.clientWidth), [where.xs, values], place)
  }
  onTheme(draw)
  let width = 0
  new ResizeObserver(() => {
    if (place.clientWidth === width) return
    width = place.clientWidth
    draw()
  }).observe(place)
  return el('figure.chart', {}, el('figcaption', {}, el('strong', {}, title), ' ', values.map(show).join(' → ')), place)
}

module.exports = { axis, chart }
