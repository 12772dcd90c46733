'use strict'

// Builds the addon and the loader of images as they are published, and copies what a report carries: `npm run build`. A panic names the file it comes from, and for a dependency that is a
// path of whoever has built it. Those are left out: the same sources give the same binary in every folder and for every user,
// which `npm run reproduce` tries. `npm run build:quick` keeps them, for debuggers.

const { spawnSync } = require('node:child_process')
const os = require('node:os')
const path = require('node:path')
const { buildLoader } = require('./loader')
const { copyVendored } = require('./vendor')

const root = path.join(__dirname, '..')
const cargoHome = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo')

// The last that fits counts. Not by RUSTFLAGS, which would take the place of what a user's configuration of cargo says: this is
// added to its build.rustflags. It gives way to RUSTFLAGS, CARGO_BUILD_RUSTFLAGS and a target's own rustflags, and then the
// paths stay in.
const flags = [`--remap-path-prefix=${root}=/heapwarden`, `--remap-path-prefix=${cargoHome}=/cargo`]

const given = process.argv.slice(2)
const split = given.includes('--') ? given.indexOf('--') : given.length
const [options, ofCargo] = [given.slice(0, split), given.slice(split + 1)]
const ofPackage = '@napi-rs/cli'
const cli = path.join(root, 'node_modules', ofPackage, require(`${ofPackage}/package.json`).bin.napi)
const { status, error } = spawnSync(process.execPath, [
  cli, 'build', '--platform', ...options.some((one) => /^--profile(=|$)/.test(one)) ? [] : ['--release'], '-o', 'native', '--no-js', '--dts', 'native.d.ts', ...options,
  '--', '--config', `build.rustflags=${JSON.stringify(flags)}`, ...ofCargo
], { cwd: root, stdio: 'inherit' })
if (error) console.error(error.message)
process.exitCode = status ?? 1
if (status === 0) process.exitCode = buildLoader(['--config', `build.rustflags=${JSON.stringify(flags)}`])
copyVendored()
