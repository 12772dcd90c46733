import heapwarden from './index.js'

export const {
  watch, takeSnapshot, openSnapshot, summarize, compare, findPaths, thaw, ask, Monitor, HeapwardenError, capabilities
} = heapwarden
export default heapwarden
