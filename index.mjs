import heapwarden from './index.js'

export const { watch, takeSnapshot, openSnapshot, Monitor, HeapwardenError, capabilities } = heapwarden
export default heapwarden
