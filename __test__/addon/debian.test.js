'use strict'

// Debian's own nodejs has V8 and libuv in shared libraries. Its packages are unpacked, not installed; parts of Node's
// own library that it reads from /usr/share are laid over that folder for this one process.

const assert = require('node:assert/strict')
const { execFile, execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const { promisify } = require('node:util')
const { tempDir } = require('../support/helpers')

const run = promisify(execFile)

/** One Node is enough to start another. */
const elsewhere = process.versions.node.split('.')[0] !== '22' || process.env.HEAPWARDEN_PORTABLE
const root = path.join(__dirname, '..', '..')

/** The newest version of `name` that is built by Debian itself. */
async function debianVersion (name) {
  const { stdout } = await run('apt-cache', ['madison', name])
  return stdout.split('\n').map((line) => line.split('|')[1]?.trim()).find((version) => /\+dfsg/.test(version ?? ''))
}

/** What `nodejs` needs of Debian, beyond what every Debian has. */
async function needed (name, version, known = new Map()) {
  known.set(name, version)
  const { stdout } = await run('apt-cache', ['show', version ? `${name}=${version}` : name])
  const depends = /^Depends: (.*)$/m.exec(stdout)?.[1] ?? ''
  for (const word of depends.split(',')) {
    const one = word.trim().split(/[ :]/)[0]
    if (/^(lib(node|uv|c-ares|nghttp2|icu|ssl|brotli)|node-(acorn|cjs-module-lexer|undici|busboy))/.test(one) && !known.has(one)) {
      await needed(one, one.startsWith('libnode') ? version : undefined, known)
    }
  }
  return known
}

/** Arguments of unshare(1): runs `command` where the unpacked /usr/share lies over the machine's. */
function inside (dir, ...command) {
  const share = path.join(dir, 'usr', 'share')
  const script = 'mount -t overlay overlay -o "lowerdir=$0:/usr/share" /usr/share && exec "$@"'
  return ['--mount', 'sh', '-c', script, share, ...command]
}

/** Unpacks it below `dir`; a reason why not otherwise. */
async function unpack (dir) {
  try {
    const version = await debianVersion('nodejs')
    if (!version) return 'apt knows no nodejs of Debian'
    const packages = [...await needed('nodejs', version)].map(([name, one]) => one ? `${name}=${one}` : name)
    await run('apt-get', ['download', ...packages], { cwd: dir, timeout: 60_000 })
    for (const file of fs.readdirSync(dir).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg', ['-x', path.join(dir, file), dir])
    }
  } catch (error) {
    return `apt cannot fetch it here: ${(error.stderr || error.message).trim().split('\n').at(-1)}`
  }
}

test('Debian\'s nodejs', { skip: elsewhere && 'runs once, under Node 22' }, async (t) => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return t.skip('there is no binary of ours for it')
  const skip = (reason) => {
    // The reporter does not print the reason of a skip that is decided here.
    t.diagnostic(`not tested: ${reason}`)
    t.skip(reason)
  }
  const dir = tempDir(t)
  // apt downloads as another user where it can.
  if (process.getuid() === 0) fs.chmodSync(dir, 0o777)
  const reason = await unpack(dir)
  if (reason) return skip(reason)
  const libraries = path.join(dir, 'usr', 'lib', 'x86_64-linux-gnu')
  const overlay = spawnSync('unshare', inside(dir, 'true'), { encoding: 'utf8' })
  if (overlay.status !== 0) return skip(`needs unshare(1), mount(8) and the right to use them: ${overlay.error ?? overlay.stderr}`)
  const { stdout } = await run('unshare', inside(dir, path.join(dir, 'usr', 'bin', 'node'), '-e', `
    const { capabilities, takeSnapshot } = require(${JSON.stringify(root)})
    takeSnapshot({ dir: ${JSON.stringify(path.join(dir, 'snapshots'))} }).then((info) => {
      console.log(JSON.stringify({ version: process.version, shared: process.config.variables.node_shared, capabilities, info }))
    })`), { env: { ...process.env, LD_LIBRARY_PATH: libraries, TMPDIR: os.tmpdir() }, timeout: 30_000 })
  const { version, capabilities, info } = JSON.parse(stdout)
  t.diagnostic(`${version}: ${capabilities.v8.available ? 'V8 is reached' : capabilities.v8.reason}`)
  assert.notEqual(version, process.version)
  assert.equal(info.nodeVersion, version)
  assert.equal(info.complete, true)
  assert.equal(info.mode === 'portable', !capabilities.v8.available)
  if (!capabilities.v8.available) assert.match(capabilities.v8.reason, /\S/)
  const [snapshot] = fs.readdirSync(path.join(dir, 'snapshots'))
  assert.equal(path.basename(info.path), snapshot)
})
