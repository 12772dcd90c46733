'use strict'

// Why it does not leak: settings are read when a tenant comes for the first time and kept. There are ninety tenants.

const http = require('node:http')

const settingsByTenant = {}

function readSettings (tenant) {
  return {
    tenant,
    loadedAt: Date.now(),
    features: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`feature_${i}`, { on: i % 3 === 0, note: `${tenant} ${i}` }])),
    texts: Array.from({ length: 300 }, (_, i) => `${tenant} says ${i}`)
  }
}

module.exports = http.createServer((req, res) => {
  const tenant = req.headers['x-tenant'] ?? req.url.split('/')[1]
  settingsByTenant[tenant] ??= readSettings(tenant)
  res.end(`${Object.keys(settingsByTenant[tenant].features).length}`)
})
