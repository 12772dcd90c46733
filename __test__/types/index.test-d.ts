import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { expectAssignable, expectError, expectType } from 'tsd'
import {
  BreachEvent, Capabilities, ErrorCode, HeapDiff, HeapSummary, HeapTrend, HeapwardenError, LeakReport, ListedSnapshot, Monitor, PathStep, RetainingPath, RuleState, Sample,
  SnapshotInfo, Suspect, WatchOptions, ask, capabilities, compare, findPaths, findSuspects, openSnapshot, summarize, takeSnapshot, thaw, watch
} from '../..'
import middleware = require('../../lib/middleware')
import { writeSnapshot } from '../../lib/heapdump'
import { monitor as registered } from '../../lib/register'

expectType<Monitor>(watch())
expectAssignable<WatchOptions>({
  interval: '500ms',
  history: 60,
  rules: [
    { name: 'a', metric: 'heapUsedRatio', above: '80%', for: '30s', clear: 0.7, cooldown: 0, limit: { count: 3, per: '1h' }, do: ['snapshot'] },
    { name: 'b', metric: 'liveHeapGrowth', below: -1 }
  ],
  snapshots: { dir: '/tmp', mode: 'fork', level: 0, keep: { count: 1, bytes: '2GiB', age: '7d' }, memoryBudget: 'auto' },
  nearHeapLimit: { extend: '32MiB', wait: '10s' },
  signal: 'SIGUSR2'
})
expectError(watch({ intervall: 5 }))
expectError(watch({ rules: [{ name: 'a', metric: 'heap', above: 1 }] }))
expectError(watch({ rules: [{ metric: 'rss', above: 1 }] }))
expectError(watch({ rules: [{ name: 'a', metric: 'rss', above: 1, do: ['mail'] }] }))
expectError(watch({ snapshots: { signal: AbortSignal.timeout(1) } }))
expectError(watch({ signal: 'SIGNONE' }))

const monitor = new Monitor({ signal: false })
expectType<Sample | null>(monitor.latest)
expectType<Sample[]>(monitor.history())
expectType<Promise<Sample>>(monitor.sample())
expectType<Promise<SnapshotInfo>>(monitor.snapshot({ signal: AbortSignal.timeout(1), trigger: 'why' }))
expectType<Promise<ListedSnapshot[]>>(monitor.snapshots())
expectType<RuleState[]>(monitor.rules())
expectType<void>(monitor.update({ interval: 100 }))
expectType<Promise<void>>(monitor.stop())
expectError(monitor.latest = null)
monitor.on('sample', (sample) => expectType<Sample>(sample)).once('breach', (event) => expectType<BreachEvent>(event))
monitor.on('snapshot', (info) => expectType<SnapshotInfo>(info))
monitor.on('snapshotFailed', ({ code }) => expectType<ErrorCode>(code))
expectError(monitor.on('error', () => {}))

expectType<Promise<SnapshotInfo>>(takeSnapshot({ path: '/tmp/a.heapsnapshot', level: 0 }))
expectType<Readable>(openSnapshot('/tmp/a.heapsnapshot.zst'))
expectType<Capabilities>(capabilities)
expectType<ErrorCode>(new HeapwardenError('HEAPWARDEN_TIMEOUT', 'late', { cause: 1 }).code)
expectError(new HeapwardenError('LATE', 'late'))

expectType<Promise<HeapSummary>>(summarize('/tmp'))
summarize('/tmp', {
  top: 5, className: /^S/, maxMemory: '1GB', salvage: true, process: 'child', signal: AbortSignal.timeout(1), onProgress: ({ stage }) => stage === 'reading'
})
expectType<Promise<SnapshotInfo>>(thaw('a.heapimage.zst', { redact: true, memory: '2GB', timeout: '1h', objects: ['/objects'], onProgress: ({ stage }) => stage === 'loading' }))
expectError(thaw('a', { id: 5 }))
expectType<Promise<string>>(ask('a.heapimage.zst', 'it => it.size', { id: 5, most: 1000, signal: AbortSignal.timeout(1) }))
expectError(ask('a', 'b', { redact: true }))
expectType<Promise<HeapDiff>>(compare('a', 'b', { ids: 'auto', className: 'Session' }))
expectType<Promise<HeapDiff>>(compare(['a', 'b'], { ids: false }))
expectType<Promise<HeapTrend>>(compare(['a', 'b', 'c']))
expectType<Promise<HeapDiff | HeapTrend>>(compare([] as string[]))
expectType<Promise<RetainingPath[]>>(findPaths('a', { id: 5 }, { limit: 2 }))
expectType<Promise<RetainingPath[]>>(findPaths('a', { className: 'Session' }))
expectType<Promise<LeakReport>>(findSuspects('a', { top: 3, process: 'child' }))
expectType<Promise<LeakReport>>(findSuspects(['a', 'b'] as const))
expectType<Promise<LeakReport>>(findSuspects(['a', 'b'] as string[]))
findSuspects('a').then(({ suspects: [suspect] }) => {
  expectType<Suspect>(suspect)
  expectType<PathStep[]>(suspect.path)
  expectType<'leak' | 'backlog' | 'large' | 'settling'>(suspect.verdict)
  expectType<number[] | undefined>(suspect.growth?.perSnapshot)
})
expectError(findSuspects())
expectError(findSuspects('a', 'b'))
expectError(findSuspects('a', { limit: 5 }))
expectError(summarize())
expectError(summarize('a', { process: 'fork' }))
expectError(summarize('a', { ids: true }))
expectError(compare('a'))
expectError(compare(['a', 'b'], { ids: 'yes' }))
expectError(findPaths('a', {}))
expectError(findPaths('a', { className: /x/ }))

createServer(middleware({ monitor, token: 'sesame' }))
createServer(middleware.middleware({ dir: '/tmp', authorize: async (req) => req.headers.host === 'localhost' }))
createServer(monitor.middleware({ insecure: true }))
expectError(middleware())
expectError(middleware({ token: 5 }))
expectError(monitor.middleware({ monitor, insecure: true }))

expectType<string | false>(writeSnapshot())
expectType<string | false>(writeSnapshot('a.heapsnapshot', (error, name) => {
  expectType<Error | null>(error)
  expectType<string | undefined>(name)
}))
expectType<string | false>(writeSnapshot(() => {}))
expectType<Monitor | null>(registered)
