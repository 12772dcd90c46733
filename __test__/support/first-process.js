'use strict'

// A program as the first process of a container: the kernel ends all processes of a namespace with its first, and keeps the first
// from all signals that it has no handler for.

const { spawnSync } = require('node:child_process')

/** In front of its command line. */
const asFirst = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
/** Why there is no such thing here; false: there is. */
const noNamespace = spawnSync(asFirst[0], [...asFirst.slice(1), 'true']).status !== 0 && 'needs the right to make a PID namespace'

module.exports = { asFirst, noNamespace }
