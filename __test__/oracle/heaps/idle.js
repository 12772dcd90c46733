'use strict'

// Node itself.

exports.hold = () => []
