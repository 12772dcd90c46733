'use strict'

/** A template as a function: texts and names in turns. */
function compile (source) {
  const parts = source.split(/\{\{(\w+)\}\}/)
  const steps = parts.map((part, i) => i % 2 === 0 ? () => part : (values) => String(values[part] ?? ''))
  return (values) => steps.map((step) => step(values)).join('')
}

module.exports = { compile }
