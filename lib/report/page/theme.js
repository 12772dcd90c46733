'use strict'

// Light and dark: as the system has it until the reader says otherwise; on paper always light.

const { el, fill } = require('./dom')

const listeners = []
const system = matchMedia('(prefers-color-scheme: dark)')
let chosen

const current = () => chosen ?? (system.matches ? 'dark' : 'light')

function apply (theme = current()) {
  document.documentElement.dataset.theme = theme
  for (const listener of listeners) listener(theme)
}

/** Hears of each change: what is drawn on a canvas has its colours of old. */
const onTheme = (listener) => listeners.push(listener)

/** A colour as the style sheet names it. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

/** The switch. */
function themeSwitch () {
  const button = el('button.quiet', { type: 'button', id: 'theme' })
  const label = () => fill(button, current() === 'dark' ? 'Light' : 'Dark', el('span.unseen', {}, ' colours'))
  button.addEventListener('click', () => {
    chosen = current() === 'dark' ? 'light' : 'dark'
    apply()
  })
  onTheme(label)
  label()
  return button
}

function watchTheme () {
  system.addEventListener('change', () => apply())
  addEventListener('beforeprint', () => apply('light'))
  addEventListener('afterprint', () => apply())
  apply()
}

module.exports = { colour, onTheme, themeSwitch, watchTheme }
