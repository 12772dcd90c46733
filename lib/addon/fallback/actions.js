'use strict'

// What a rule may set off: the twin of src/orders/actions.rs. What only the addon can do is accepted all the same, so that a program is
// configured alike everywhere, and fails when it is ordered.

/** action → carries it out for a breached `rule`. `snapshots`: how the monitor's are made. */
const actions = {
  snapshot: ({ rule, snapshots, order, monitor }) => order({ ...snapshots, trigger: `rule:${rule}` }, monitor),
  report: ({ rule, tell, monitor, why }) => tell({ type: 'reportFailed', monitor, code: 'HEAPWARDEN_UNSUPPORTED', message: `a report needs heapwarden's binary: ${why}`, trigger: `rule:${rule}` })
}

module.exports = { actions }
