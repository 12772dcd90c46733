'use strict'

// What a rule may set off: the twin of src/orders/actions.rs. An action that only the addon can carry out is not here, and is refused.

/** action → carries it out for a breached `rule`. `snapshots`: how the monitor's are made. */
const actions = {
  snapshot: ({ rule, snapshots, order, monitor }) => order({ ...snapshots, trigger: `rule:${rule}` }, monitor)
}

module.exports = { actions }
