// `seen` keeps every delivery that came, to drop the ones that come twice. Cure: ids only, and only of the last hours.

import http from 'node:http'

const seen = new Set()
const totals = { accepted: 0, repeated: 0 }

async function bodyOf (req) {
  let text = ''
  for await (const chunk of req.setEncoding('utf8')) text += chunk
  return text
}

async function accept (req) {
  const delivery = `${req.headers['x-delivery']} ${await bodyOf(req)}`
  if (seen.has(delivery)) {
    totals.repeated += 1
    return false
  }
  seen.add(delivery)
  totals.accepted += 1
  return true
}

export default http.createServer(async (req, res) => {
  res.statusCode = await accept(req) ? 202 : 200
  res.end(JSON.stringify(totals))
})
