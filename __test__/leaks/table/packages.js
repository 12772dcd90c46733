'use strict'

// Real packages in a version that leaked, or used in the way that leaks.

module.exports = []
