#!/usr/bin/env node
'use strict'

// The whole test command: every stage in turn, all of them even when one fails, a summary, and one closing
// line `N passed, N failed`. What is counted: the tests that `cargo test` and `node --test` report, plus one
// for each stage that has no count of its own (fmt, lint, clippy, build, types). A stage that breaks without naming
// a failed test (does not compile, runs too long, finds no tests) counts as one failure. Nothing is tried twice.

const os = require('node:os')
const { Worker } = require('node:worker_threads')
const { commandLine } = require('./base/command-line')
const { check, stages } = require('./test/stages')
const { run } = require('./test/run')
const { judge } = require('./test/judge')

const USAGE = `usage: node scripts/test.js [--only NAME[,NAME]] [--check | --fast] [--loaded] [--verbose] [--list]

  --only NAME   stages whose name is NAME or begins with it (node, node22, cargo …); may be repeated
  --check       the everyday loop: formats, lints, unit tests, walls, types, and quick tests on this Node
  --fast        this Node only, native path only, without the package, demo and oracle stages
  --loaded      beside a busy loop for each core; a stage may take three times as long
  --verbose     show every stage's output as it comes; otherwise only that of failing ones
  --list        print the names of the stages`

const colour = process.stdout.isTTY && !process.env.NO_COLOR
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`
const LOADED_FACTOR = 3
const tests = (n) => `${n} passed`

const OPTIONS = {
  only: { type: 'string', multiple: true, default: [] },
  check: { type: 'boolean', default: false },
  fast: { type: 'boolean', default: false },
  loaded: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false }
}

function choose (all, { only, fast }) {
  const names = only.flatMap((list) => list.split(',')).filter(Boolean)
  for (const name of names) {
    if (all.some((stage) => stage.name.startsWith(name))) continue
    console.error(`There is no stage "${name}". Stages: ${all.map((stage) => stage.name).join(', ')}`)
    process.exit(2)
  }
  if (names.length > 0) return all.filter((stage) => names.some((name) => stage.name.startsWith(name)))
  return fast ? all.filter((stage) => stage.fast) : all
}

/** A busy loop for each core: what a test must bear that does not time anything. They end with this process. */
function keepBusy () {
  for (let core = 0; core < os.availableParallelism(); core++) new Worker('for (;;);', { eval: true }).unref()
}

async function runStage (stage, broken, { verbose, loaded }) {
  const unmet = (stage.needs ?? []).find((name) => broken.has(name))
  if (unmet) return { passed: 0, failed: 1, skipped: 0, ms: 0, why: `not run, because ${unmet} failed`, output: '' }
  const started = performance.now()
  let outcome
  try {
    outcome = await run(await stage.command(), { minutes: stage.minutes * (loaded ? LOADED_FACTOR : 1), echo: verbose })
  } catch (error) {
    outcome = { status: null, output: '', problem: error.message }
  }
  return { ...judge(stage, outcome), output: outcome.output, ms: performance.now() - started }
}

function printResult (result, verbose) {
  const counts = [tests(result.passed)]
  if (result.failed > 0) counts.push(`${result.failed} failed`)
  if (result.skipped > 0) counts.push(`${result.skipped} skipped`)
  const line = `${counts.join(', ')} (${seconds(result.ms)})`
  if (result.failed > 0 && result.output && !verbose) console.log(result.output.trimEnd())
  if (result.failed === 0) return console.log(`   ${paint(32, 'ok')}  ${line}`)
  console.log(`   ${paint(31, 'FAILED')}  ${line}${result.why ? `: ${result.why}` : ''}`)
}

function printSummary (results) {
  const width = Math.max(...results.map(({ stage }) => stage.name.length))
  console.log(`\n${paint(1, '== Summary')}`)
  for (const { stage, passed, failed, skipped, ms, why } of results) {
    const verdict = failed === 0 ? paint(32, 'ok    ') : paint(31, 'FAILED')
    const extra = [failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`, why].filter(Boolean)
    console.log(`   ${verdict}  ${stage.name.padEnd(width)}  ${[tests(passed), ...extra].join(', ')}  ${seconds(ms)}`)
  }
}

async function main () {
  const given = commandLine(USAGE, { options: OPTIONS }).values
  const chosen = choose(given.check ? check : stages, given)
  if (given.list) return console.log(chosen.map(({ name, title }) => `${name.padEnd(18)}${title}`).join('\n'))

  if (given.loaded) keepBusy()
  const broken = new Set()
  const results = []
  for (const [index, stage] of chosen.entries()) {
    console.log(`\n${paint(1, `== ${index + 1}/${chosen.length} ${stage.name}`)}: ${stage.title}`)
    const result = await runStage(stage, broken, given)
    if (result.failed > 0) broken.add(stage.name)
    printResult(result, given.verbose)
    results.push({ stage, ...result })
  }
  printSummary(results)
  const sum = (key) => results.reduce((total, result) => total + result[key], 0)
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`)
  process.exitCode = sum('failed') === 0 ? 0 : 1
}

main()
