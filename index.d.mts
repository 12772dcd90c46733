import * as heapwarden from './index.js'

export * from './index.js'
export default heapwarden
