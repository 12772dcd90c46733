// Leaks: the texts are imported under a new URL each time, so that changes are seen at once; a module is never unloaded. Usual cure: texts
// that change are data: read the file.

import http from 'node:http'

let version = 0

export default http.createServer(async (request, response) => {
  const { texts } = await import(`./texts.mjs?version=${++version}`)
  response.end(texts.get('welcome'))
})
