'use strict'

// Elements. What is shown comes from a heap, and goes into the page as text only: nothing here reads HTML.

const { plain } = require('./text')

/** Names of attributes; what else is given is a property of the element. */
const ATTRIBUTE = /^(role|id|for|href|rel|type|scope|open|lang|(aria|data)-.*)$/

/**
 * @param {string} name `div`, `p.lead`, `section.card.wide`
 * @param {object} [given] attributes, properties, `on`: listeners, `style`: of CSS, by its names
 * @param {...(Node|string|number|null|false|Array)} children
 */
function el (name, given = {}, ...children) {
  const [tag, ...classes] = name.split('.')
  const element = document.createElement(tag)
  if (classes.length > 0) element.className = classes.join(' ')
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === false) continue
    if (key === 'on') for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener)
    else if (key === 'style') for (const [property, to] of Object.entries(value)) element.style.setProperty(property, to)
    else if (ATTRIBUTE.test(key)) element.setAttribute(key, value === true ? '' : plain(value))
    else element[key] = typeof value === 'string' ? plain(value) : value
  }
  append(element, children)
  return element
}

function append (element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue
    element.append(child instanceof Node ? child : document.createTextNode(plain(child)))
  }
}

/** In place of what was in it. */
function fill (element, ...children) {
  element.replaceChildren()
  append(element, children)
}

/** A text from a heap among words of ours. */
const code = (text) => el('code', {}, text)

/** Prose in which `names` stand between backquotes. */
const prose = (text) => text.split(/`([^`]+)`/).map((part, index) => index % 2 === 1 ? code(part) : part)

module.exports = { code, el, fill, prose }
