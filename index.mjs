import heapwarden from './index.js'

export const {
  watch, takeSnapshot, openSnapshot, summarize, compare, findPaths, findSuspects, thaw, ask, Monitor, HeapwardenError, capabilities
} = heapwarden
export default heapwarden
