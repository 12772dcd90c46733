/// <reference types="node" />

import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { Middleware, MiddlewareOptions } from './lib/middleware'

/** Bytes, or a string: `'512MB'` = 512·10⁶, `'1.5GiB'` = 1.5·2³⁰. */
export type Bytes = number | string
/** Milliseconds, or a string: `'500ms'`, `'30s'`, `'10m'`, `'2h'`, `'7d'`. */
export type Duration = number | string
/** 0…1, or a string: `'80%'`. */
export type Ratio = number | string

/**
 * Starts watching the memory of this thread. A monitor never keeps the process alive and never throws into it.
 * @throws HeapwardenError `HEAPWARDEN_INVALID_OPTION`
 */
export function watch(options?: WatchOptions): Monitor

/** Takes one snapshot without a monitor. While it is pending, the process stays alive. */
export function takeSnapshot(options?: SnapshotOptions): Promise<SnapshotInfo>

/**
 * The JSON of a snapshot, plain or compressed with zstd or gzip: what DevTools loads. `path` may be a pipe. A heap image is thawed first,
 * into a temporary file beside it; the stream begins when that is done, and fails as `thaw()` does. Unpacked off the event loop, as fast as it is
 * read. A damaged file is an `error` of the stream, `HEAPWARDEN_CORRUPT_SNAPSHOT`, that says at which byte.
 */
export function openSnapshot(path: string): Readable

/**
 * What a snapshot holds, with Chrome DevTools' own numbers: classes, the largest objects, duplicate strings. `path`: a
 * file, or a folder of snapshots, then its newest. The event loop is not held up.
 */
export function summarize(path: string, options?: SummarizeOptions): Promise<HeapSummary>

/** What has changed from one snapshot to a later one, by class. */
export function compare(before: string, after: string, options?: CompareOptions): Promise<HeapDiff>
/** The same of two or more; of three or more, which classes grow every time. */
export function compare(paths: readonly [string, string], options?: CompareOptions): Promise<HeapDiff>
export function compare(paths: readonly [string, string, string, ...string[]], options?: CompareOptions): Promise<HeapTrend>
export function compare(paths: readonly string[], options?: CompareOptions): Promise<HeapDiff | HeapTrend>

/** Who holds an object, or the instances of a class: the shortest ways from the roots. `HEAPWARDEN_NOT_FOUND` if there is none. */
export function findPaths(path: string, target: { id: number } | { className: string }, options?: FindPathsOptions): Promise<RetainingPath[]>

/**
 * Which holder leaks. Of one snapshot: who holds most of the heap. Of several, oldest first: at which holders entries pile up; they
 * may be of any tool, and their ids need not match. `HEAPWARDEN_INVALID_OPTION` if one is given twice.
 */
export function findSuspects(path: string | readonly string[], options?: FindSuspectsOptions): Promise<LeakReport>

/**
 * Goes on with the process that is frozen in a heap image, in a process of its own and behind a fence, and has V8 take its snapshot
 * there. `path`: an image, a bundle, or a folder, then its newest image. The event loop is not held up. Linux x64.
 */
export function thaw(path: string, options?: ThawOptions): Promise<SnapshotInfo>

/**
 * Runs JavaScript in a copy of the process that is frozen in a heap image: on its real objects, without files, sockets or
 * other processes. What it comes to is text as a prompt shows it; an exception is an answer as well: `Uncaught …`. A promise is
 * awaited as far as it settles by itself. `console.log` and the like come before it. Each call has a fresh copy.
 *
 * ```js
 * await ask('leak.heapimage.zst', 'app.sessions.size')
 * await ask('leak.heapimage.zst', 'map => [...map.keys()].slice(0, 5)', { id: 48213 })
 * ```
 */
export function ask(path: string, code: string, options?: AskOptions): Promise<string>

/** What works in this process, and why the rest does not. */
export const capabilities: Capabilities

/**
 * What works in this process: each entry says whether, and if not, why. On a platform without a binary (there is one for Linux
 * x64 with glibc) most entries are unavailable: one process warning says so, and JavaScript watches.
 */
export type Capabilities = Readonly<Record<string, any>>

export interface WatchOptions {
  /** Time between two samples, 10 ms to 1 day. Default `'1s'`. */
  interval?: Duration
  /** Samples kept for `history()`, 1 to 100 000. Default 600. */
  history?: number
  /**
   * Default: `heapUsedRatio` above 0.8 and `cgroupRatio` above 0.85, each for 30 s, and `cgroupFullIn` below 10 s; a breach of
   * one takes a snapshot, three an hour at most.
   */
  rules?: Rule[]
  /** How the snapshots of this monitor are made, those that rules order as well. */
  snapshots?: WatchSnapshotOptions
  /**
   * An image of the process when it is at V8's heap limit, or, where images are off, a snapshot by a child that outlives the
   * crash. `extend`: what the limit is raised by (after an image: not at all; for a child: at most 32 MiB); `wait`: how long a
   * process whose end would end the child waits for it (60 s). Default true.
   */
  nearHeapLimit?: boolean | { extend?: Bytes, wait?: Duration }
  /**
   * An image of the process before these signals take their course, such as `['SIGTERM']`: each is held back until the image is
   * there, 5 s at most, and then meets whoever listens, or ends the process. Default none.
   */
  freezeOn?: FreezeSignal[]
  /** Looking for leaks by itself is not in this version. */
  leaks?: false
  /** A snapshot at this signal. Default false: signals belong to the application. */
  signal?: NodeJS.Signals | false
}

/** A signal that can be held back for an image. */
export type FreezeSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT' | 'SIGUSR1' | 'SIGUSR2' | 'SIGXCPU'

/** In bytes. */
export type BytesMetric = 'rss' | 'anonymous' | 'file' | 'swap' | 'heapUsed' | 'heapTotal' | 'external' |
  'arrayBuffers' | 'malloced' | 'native' | 'allocatorFree' | 'cgroupUsed' | 'liveHeap'
/**
 * What a rule can watch. A threshold is written as its metric is measured: sizes; ratios (`heapUsedRatio`,
 * `cgroupRatio`); a duration (`cgroupFullIn`, `loopBlocked`); bytes per second (`liveHeapGrowth`, also `'1MB/s'`);
 * per cent 0…100 (`pressure`); a number (`majorFaults`).
 */
export type Metric = BytesMetric | 'heapUsedRatio' | 'cgroupRatio' | 'cgroupFullIn' | 'liveHeapGrowth' | 'loopBlocked' | 'pressure' | 'majorFaults'

/** `report`: says what holds the heap, and since the last report what grows; leaves no file. */
export type Action = 'snapshot' | 'report'

/** Exactly one of `above` and `below` is given. */
export interface Rule {
  /** Unlike any other rule's of this monitor; 1 to 100 characters. */
  name: string
  metric: Metric
  /** Breached while the value is greater. */
  above?: number | string
  /** Breached while the value is less. */
  below?: number | string
  /** How long it must hold. Default 0: at once. */
  for?: Duration
  /** The value at which it is over, for hysteresis. Default: the threshold. */
  clear?: number | string
  /** Time from one breach to the next. Default `'10m'`. */
  cooldown?: Duration
  /** Bounds the actions, not the events. */
  limit?: { count: number, per: Duration }
  /** What to do; the event is always raised. Default: nothing else. */
  do?: Action[]
}

/** What a rule has come to. Sizes in bytes, times in ms. */
export interface RuleState {
  name: string
  metric: Metric
  above?: number
  below?: number
  direction: 'above' | 'below'
  /** `above` or `below`, whichever it is. */
  threshold: number
  forMs: number
  clear?: number
  cooldownMs: number
  limit?: { count: number, perMs: number }
  do: Action[]
  /** `pending`: on the breach side, not for long enough yet, or still cooling down. */
  phase: 'ok' | 'pending' | 'breached'
  /** When the value went over to the breach side, epoch ms. */
  since: number | null
  /** The last known value. */
  value: number | null
  /** Breaches so far. */
  breaches: number
  /** Breaches so far whose actions were ordered. */
  actionsTaken: number
  /** Epoch ms. */
  lastBreachAt: number | null
  /** No breach is raised before this, epoch ms. */
  coolingUntil: number | null
}

/** One look at the process. Sizes in bytes; null is "not known here", never a guess. */
export interface Sample {
  /** When, epoch ms. */
  at: number
  /** Resident set, as `process.memoryUsage().rss`; null while the kernel cannot be asked (no /proc, no descriptor left). */
  rss: number | null
  /** Resident anonymous memory: heaps, stacks, Buffers. From the kernel. */
  anonymous: number | null
  /** Resident file-backed memory. From the kernel. */
  file: number | null
  /** Memory in swap. From the kernel. */
  swap: number | null
  /** Page faults that read from a disk, since the process began. From the kernel. */
  majorFaults: number | null
  /** V8's total_heap_size. */
  heapTotal: number
  /** V8's used_heap_size. A Buffer leak never shows here. */
  heapUsed: number
  /**
   * Where V8 ends the process: its limit for the old generation, which is `heap_size_limit` without what the young
   * generation may grow to (48 MiB of it on Node 20 and 22, 192 on 24, 96 on 26).
   */
  heapLimit: number
  /** `heapUsed / heapLimit`, for moments above 1 while the young generation is full (not `/ heapTotal`, which is always near 1). */
  heapUsedRatio: number
  /** What JavaScript keeps alive outside the heap, Buffers among it. */
  external: number
  /** Backing stores of ArrayBuffers and Buffers, part of `external`. */
  arrayBuffers: number | null
  /** V8's malloced_memory. */
  malloced: number
  /**
   * What the kernel holds for the process that V8 does not account for in any thread that has loaded heapwarden: an
   * addon's leak shows here, and so do the heap and Buffers of a worker that has not loaded it.
   */
  native: number | null
  /** `heapUsed` after the last full garbage collection. */
  liveHeap: number | null
  /** Slope of `liveHeap`, bytes per second. */
  liveHeapGrowth: number | null
  /** glibc's own account; `age` in ms. */
  allocator: { inUse: number, free: number, mmapped: number, age: number } | null
  /**
   * The container's account; `used` is what the kernel could not reclaim and would kill for: all that is charged to the
   * group, without clean pages of files. `fullIn`: ms until the limit is reached if it grows on, 3,600,000 at most.
   */
  cgroup: { used: number, limit: number | null, ratio: number | null, oomKills: number | null, fullIn: number | null } | null
  /** Per cent of the last ten seconds in which some task, or all, waited for memory. */
  pressure: { some10: number, full10: number } | null
  /** ms since the V8 figures were read: 0 = now, Infinity = not yet, and they are zero. */
  heapAge: number
  /** ms the event loop has not turned. */
  loopBlocked: number
}

/** How snapshots are made. */
export interface WatchSnapshotOptions {
  /** Folder. Default: `HEAPWARDEN_DIR`, else `--diagnostic-dir`, else a private one in the temp folder. */
  dir?: string
  /** An exact file instead. */
  path?: string
  /**
   * `'fork'`: a forked child takes it and JavaScript pauses for milliseconds; `'inline'`: in this process, JavaScript stands
   * still meanwhile. Default `'auto'`: by fork; inline where `capabilities.snapshots.fork` is not available, up to 512 MiB of
   * used heap (a rule's: 32 MiB), or where forks failed, up to 512 MiB and never for a rule. Else it fails with a code:
   * no service stands still for minutes unless `'inline'` was asked for by name.
   */
  mode?: 'auto' | 'fork' | 'inline'
  /**
   * What is left: `'snapshot'`, or `'image'`, the process's memory as it is, written in a fraction of the time and memory, of which
   * `heapwarden thaw` makes a snapshot elsewhere. Default `'auto'`: a snapshot where there are memory and CPU for it in time, else an
   * image. **An image holds everything**: docs/images.md.
   */
  form?: 'auto' | 'snapshot' | 'image'
  /**
   * For an image where no child can be forked JavaScript stands still, if that is predicted to last no longer; at four times that it is
   * given up. Where one can, V8's marking is waited for so long, 2 s at most, if it was under way at other moments too. Default `'500ms'`.
   */
  maxPause?: Duration
  /**
   * False: never an image. `buffers: false`: in images zeros stand for the contents of Buffers, ArrayBuffers, SharedArrayBuffers and
   * the memory of WebAssembly; all else stays, and no image is left where they cannot be told: docs/images.md. Default true; with
   * `redact` never.
   */
  images?: boolean | { buffers?: boolean }
  /** zstd level, 1 to 19; 0 = plain `.heapsnapshot`. */
  level?: number
  /**
   * What stays in the folder. Default `{ count: 5, bytes: '2GiB', age: '7d' }`. What another living process wrote within
   * the last minute stays in any case.
   */
  keep?: { count?: number, bytes?: Bytes, age?: Duration }
  /** Disk that must remain free. Default `'64MiB'`, but no more than a twentieth of the disk. */
  minFreeDisk?: Bytes
  /** Memory a snapshot may need; more is refused. Never more than there is. Default `'auto'`: what there is. */
  memoryBudget?: Bytes | 'auto'
  /** From the order to the file. */
  timeout?: Duration
  /**
   * Mask string values; class, function and property names stay readable. What is not known for certain to be a
   * name is masked. Names made from data (`cache[email]`) up to 120 characters are names, and stay.
   */
  redact?: boolean
  /**
   * Object ids that match those of the next snapshot with `stableIds`, for DevTools' Comparison view. V8 tracks
   * every object move between the two, and allocation-heavy code is several times slower meanwhile; the second one
   * ends that. `'keep'` does not end it, for a series; after an hour it ends by itself, with a `warning`.
   */
  stableIds?: boolean | 'keep'
  /** Numbers as nodes. */
  numericValues?: boolean
  /** Why, for the file's metadata; at most 100 characters. Default `'manual'`. */
  trigger?: string
}

/** How one snapshot is made. */
export interface SnapshotOptions extends WatchSnapshotOptions {
  /** Gives the snapshot up: `HEAPWARDEN_ABORTED`, its reason as `cause`. */
  signal?: AbortSignal
}

/** What is known of a snapshot. Sizes in bytes, times in ms. */
export interface SnapshotInfo {
  /** Absolute path. */
  path: string
  /** Size of the file. */
  bytes: number
  /**
   * `'image'`: no snapshot but the process's memory, of which `heapwarden thaw` makes one elsewhere. An order with `form: 'auto'`
   * leaves one where there is no room for a snapshot.
   */
  form: 'snapshot' | 'image'
  /** Size of the JSON in it, or of the memory. */
  rawBytes: number
  /** Nodes in it; null: an image does not know. */
  nodes: number | null
  /** How it was taken. */
  mode: 'fork' | 'inline' | 'portable'
  /** Why it was taken. */
  trigger: string
  /** When, epoch ms. */
  at: number
  /** How long JavaScript stood still; by fork: for the forks of all attempts. */
  pauseMs: number
  /** From the order to the file. */
  durationMs: number
  /** 1 + children forked anew because one hung or crashed. */
  attempts: number
  pid: number
  /** `worker_threads.threadId`; 0 is the main thread. */
  threadId: number
  nodeVersion: string
  complete: true
  /** Of an image: why it is no snapshot. */
  reason: string | null
  /** Of an image: whether the contents of Buffers are in it; otherwise zeros (`images: { buffers: false }`). */
  buffers: boolean | null
  /** Of a snapshot: the image it was made of, if it was. */
  origin: { form: 'image', name: string } | null
}

/** One entry of a folder: what the file itself does not tell is null. */
export type ListedSnapshot = Pick<SnapshotInfo, 'path' | 'bytes' | 'form' | 'trigger' | 'at' | 'pid' | 'threadId' | 'reason' | 'buffers' | 'origin'> & {
  [Key in 'rawBytes' | 'nodes' | 'mode' | 'pauseMs' | 'durationMs' | 'attempts' | 'nodeVersion']: SnapshotInfo[Key] | null
} & {
  /** False: the file was cut. */
  complete: boolean
}

/** How snapshots are analysed. */
export interface AnalysisOptions {
  /**
   * Memory the analysis may take; one that is estimated to need more, or that turns out to, is refused with
   * `HEAPWARDEN_MEMORY_BUDGET`. Default `'auto'`: nine tenths of what the container or the machine has left.
   */
  maxMemory?: Bytes | 'auto'
  /** A cut or damaged file gives what it has: `complete` is then false, and `damage` says why. Default false. */
  salvage?: boolean
  /**
   * `'thread'`: a thread of this process with lower priority, one analysis at a time. `'child'`: a process of its own, whose
   * memory is not this one's and whose end neither; `HEAPWARDEN_UNSUPPORTED` where this process's executable is no
   * Node.js (a single executable application, Electron, Bun, Deno). Default `'thread'`.
   */
  process?: 'thread' | 'child'
  /** Gives it up: `HEAPWARDEN_ABORTED`, its reason as `cause`. */
  signal?: AbortSignal
  /** Called at most ten times a second while it goes on. */
  onProgress?: (progress: AnalysisProgress) => void
}

export interface AnalysisProgress {
  /** `thawing`: of a heap image, before the others; in hundredths. */
  stage: 'thawing' | 'reading' | 'rules' | 'dominators' | 'tables'
  /** Of `total`; while reading: bytes of JSON. */
  done: number
  /** 0: not known. */
  total: number
  /** Which of the snapshots, from 1. */
  file: number
  /** How many there are. */
  files: number
}

/** Of a copy of a frozen process. */
export interface CopyOptions {
  /**
   * Memory the copy may take, with what its executable and libraries take unpacked; V8's snapshot needs several times the heap.
   * Default: what the container or the machine has left.
   */
  memory?: Bytes
  /** More folders, or files, to look for the executable and its libraries in, by their build ids. */
  objects?: string | string[]
  /** Gives it up: `HEAPWARDEN_ABORTED`, its reason as `cause`. */
  signal?: AbortSignal
  /** Called at most ten times a second while it goes on. */
  onProgress?: (progress: ThawProgress) => void
}

export interface ThawProgress {
  /** `loading`: the image is read, in bytes. `working`: the copy is at work, in its own units. */
  stage: 'loading' | 'working'
  done: number
  /** 0: not known. */
  total: number
}

export interface ThawOptions extends CopyOptions {
  /** From the call to the file. Default `'30m'`. */
  timeout?: Duration
  /** Folder for the snapshot. Default: the image's. */
  dir?: string
  /** An exact file instead. */
  path?: string
  /** zstd level, 1 to 19; 0 = plain `.heapsnapshot`. Default 1. */
  level?: number
  /** Disk that must remain free. Default `'64MiB'`, but no more than a twentieth of the disk. */
  minFreeDisk?: Bytes
  /** Mask string values, as a snapshot's `redact`. The image still holds them. Default false. */
  redact?: boolean
  /** Numbers as nodes. Ids are then others than those that `ask` knows. Default false. */
  numericValues?: boolean
}

export interface AskOptions extends CopyOptions {
  /** Until the answer. An endless loop ends by it: `HEAPWARDEN_TIMEOUT`. Default `'1m'`. */
  timeout?: Duration
  /** `code` is a function, called with the object that has this id in the thawed snapshot. `HEAPWARDEN_NOT_FOUND` if there is none. */
  id?: number
  /** `code` is a function, called with an array of all instances of this class. `HEAPWARDEN_NOT_FOUND` if there is none. */
  className?: string
  /** Bytes of the answer, from 100 to `'64MiB'`; it is cut beyond, and says so. Default `'1MiB'`. */
  most?: Bytes
}

export interface SummarizeOptions extends AnalysisOptions {
  /** Rows of `largest` and of `duplicateStrings`. Default 20. */
  top?: number
  /** Only these in `classes` and `largest`: one class by its name, or those that fit. */
  className?: string | RegExp
}

export interface CompareOptions extends AnalysisOptions {
  /** Rows of `classes`. Default: all. */
  top?: number
  /** Only these in `classes`: one class by its name, or those that fit. */
  className?: string | RegExp
  /** Whether ids of both snapshots mean the same objects. Default `'auto'`: what the files tell, else what they look like. */
  ids?: boolean | 'auto'
}

export interface FindPathsOptions extends AnalysisOptions {
  /** Paths, at most. Default 5. */
  limit?: number
}

export interface FindSuspectsOptions extends AnalysisOptions {
  /** Suspects, at most; 32 are weighed. Default 5. */
  top?: number
}

/** A place in the source: of a function, or of an object's constructor. Line and column from 0. */
export interface SourceLocation {
  /** V8's number of the script. */
  scriptId: number
  /** Its path or URL, where a function in the snapshot tells it. */
  script?: string
  line: number
  column: number
}

/** A class as Chrome DevTools' Summary view shows it. Sizes in bytes. */
export interface HeapClass {
  /** Its constructor's name; `(string)`, `(array)` … for what has none; `{id, name}` for plain objects with these properties. */
  name: string
  count: number
  shallowSize: number
  /** What would be freed if all of its instances were. */
  retainedSize: number
  /** Edges from the roots to the nearest instance; -5: not reachable, 100 000 000 and more: from the system only. */
  distance: number
  /** Its constructor's place, where V8 tells it. */
  location?: SourceLocation
}

/** One object. Sizes in bytes. */
export interface NodeRef {
  /** As DevTools shows it behind @. */
  id: number
  name: string
  /** V8's: `object`, `closure`, `array`, `string`, … */
  type: string
  className: string
  shallowSize: number
  retainedSize: number
  /** As in `HeapClass`. */
  distance: number
  location?: SourceLocation
}

/** What a snapshot holds. Sizes in bytes. */
export interface HeapSummary {
  /** The file that was read; null: standard input. */
  path: string | null
  nodes: number
  edges: number
  totalSize: number
  /** DevTools' Statistics view. `native` is all that is not V8's heap, `typedArrays` a part of it. */
  statistics: { total: number, v8heap: number, native: number, code: number, strings: number, jsArrays: number, typedArrays: number, system: number }
  /** All classes, those that retain most first. */
  classes: HeapClass[]
  /** The objects that retain most. */
  largest: NodeRef[]
  /**
   * Texts that are there more than once, those that cost most first. `truncated`: cut at 1024 characters, and may
   * differ behind; `length`: cut as well, but V8 told that they are equal, and how long they are.
   */
  duplicateStrings: Array<{ text: string, count: number, shallowSize: number, retainedSize: number, truncated: boolean, length?: number }>
  /** False: the file was cut or damaged, and this is what could be salvaged. */
  complete: boolean
  /** What is wrong with it. */
  damage?: string
}

/** What has changed in a class. Sizes in bytes. */
export interface ClassDiff {
  name: string
  location?: SourceLocation
  /** Instances that are new. */
  added: number
  /** Instances that are gone. */
  removed: number
  countDelta: number
  addedSize: number
  removedSize: number
  sizeDelta: number
}

export interface HeapDiff {
  /** True: objects are told apart by id. False: only each class's totals, and `added` and `removed` are their difference. */
  comparableIds: boolean
  /** Why. */
  reason: string
  totalSize: { before: number, after: number }
  /** Those that have changed, those that have grown most first. */
  classes: ClassDiff[]
  /** False: of at least one of them there is only what could be salvaged. */
  complete: boolean
  /** What is wrong with it. */
  damage?: string
}

/** Three or more snapshots, in the order they were given. */
export interface HeapTrend {
  snapshots: Array<{ path: string | null, totalSize: number, nodes: number }>
  comparableIds: false
  /** Those that grow every time, in number and in bytes, first. */
  classes: Array<{ name: string, location?: SourceLocation, counts: number[], shallowSizes: number[], retainedSizes: number[], growsEveryTime: boolean }>
  /** False: of at least one of them there is only what could be salvaged. */
  complete: boolean
  /** What is wrong with it. */
  damage?: string
}

/** A shortest way from the roots. */
export interface RetainingPath {
  target: NodeRef
  /** Of a class: how many of its instances are held this way. `target` and `steps` are those of one of them. */
  count?: number
  /** Of a class: what these instances retain together, bytes. */
  retainedSize?: number
  /** Of a class: each of these instances is counted in another path too, which is its shortest. */
  also?: true
  /** From the root to the target. `edge`: a name or an index; `…` where it stands for several. */
  steps: Array<{ edge: string, edgeType: string, node: NodeRef }>
  /** Steps that are left out in the middle, of a way of more than 200. */
  omitted?: number
  /** As a developer writes it: `global.cache → Map.get(…) → {id, name}`. */
  text: string
}

/**
 * What is said of a heap. `leak`: grows, and does not give back. `backlog`: grew under load and was given back. `large`: from one
 * snapshot there is only size. `settling`: has filled up, or is bounded. `none`: nothing grows. `unknown`: nothing stands out
 * in one snapshot, which does not tell whether it grows.
 */
export type LeakVerdict = 'leak' | 'backlog' | 'large' | 'settling' | 'none' | 'unknown'

export type SuspectKind = 'collection' | 'listeners' | 'timers' | 'closure' | 'promises' | 'buffers' | 'strings' | 'modules'
  | 'requests' | 'async-context' | 'context' | 'worker' | 'native' | 'weak' | 'errors' | 'object'

/** One edge of a way from the roots, and where it leads; as in `RetainingPath`. */
export type PathStep = RetainingPath['steps'][number]

/** What `findSuspects` says. Sizes in bytes. */
export interface LeakReport {
  /** The worst that is said of a suspect. */
  verdict: LeakVerdict
  /** What it stands on: one snapshot's sizes, or growth over several. */
  confidence: 'size' | 'growth'
  /** What would make it surer, and what the files say against comparing them (their order, several processes). */
  missing?: string[]
  /** One sentence that can be forwarded. */
  headline: string
  /** All of the last snapshot. */
  total: number
  /**
   * In the order they were given. `path` null: standard input, or a heap that is in no file. `at`: when it was ordered, epoch ms, from the file's metadata;
   * not there if it is another tool's.
   */
  snapshots: Array<{ path: string | null, at?: number, totalSize: number, nodes: number }>
  /** Whether texts of at least one snapshot are masked, as the file's metadata say: then keys say little. */
  redacted: boolean
  /** False: of at least one of them there is only what could be salvaged. */
  complete: boolean
  /** What is wrong with it. */
  damage?: string
  /** The worst first. */
  suspects: Suspect[]
}

/** What `monitor.report()` says of the process it is in. `snapshots`: the heaps of the last reports, with `path` null. */
export interface LiveReport extends LeakReport {
  /** What ordered it: `manual`, `rule:NAME`, `http`. */
  trigger: string
  /** How the heap was captured. */
  mode: 'fork' | 'inline' | 'portable'
  /** JavaScript stood still, ms. */
  pauseMs: number
  /** From the order to the report, ms. */
  durationMs: number
}

/** Who holds too much, in the last snapshot. Sizes in bytes. Texts come from the heap: escape them where they are shown. */
export interface Suspect {
  kind: SuspectKind
  verdict: Exclude<LeakVerdict, 'none' | 'unknown'>
  /** One line: who, where, how much. */
  title: string
  /** Two to four sentences with the figures. */
  explanation: string
  /** What usually helps. */
  cure: string
  /** From the root to the holder. Of a way of more than 200 steps the middle is left out. */
  path: PathStep[]
  /** The same as a developer writes it. */
  pathText: string
  /** Other ways on which most of the same entries are held: they must let go as well. */
  holders: PathStep[][]
  /** The same as a developer writes them. */
  holderTexts: string[]
  /**
   * Who holds the entries. `name` as a developer writes it; `file`, `line` and `column` (from 1) of the function that captures it, or of
   * its constructor, where the heap tells them; `id` in the last snapshot.
   */
  holder: { name: string, file?: string, line?: number, column?: number, className: string, id: number }
  /** The class of most entries. */
  className: string
  /** Entries. */
  count: number
  /** Entries with what hangs from them; what several suspects hold is split among them. */
  retainedSize: number
  /** What goes when this one holder lets go. */
  exclusiveSize: number
  /** `retainedSize` of `total`, 0…1. */
  share: number
  /** What an entry looks like: `{url, body}`, `Session {id, user}`; and what goes with one, on average. */
  entry?: { looksLike: string, averageSize: number }
  /** Of a collection whose keys are texts: what they look like, how many are different, some of them. */
  keys?: { pattern: string, distinct: number, examples: string[] }
  /** Of several snapshots: one value for each, in their order. */
  growth?: {
    /** Entries. */
    perSnapshot: number[]
    /** Bytes of the entries with what hangs from them. */
    retainedSizes: number[]
    /** Entries that come in a minute, where the first and the last file tell their times. */
    perMinute?: number
    shape: 'flat' | 'drains' | 'step' | 'linear' | 'saturating' | 'onset'
  }
  /** How sure it is, 0…1. */
  confidence: number
  /** 16 hex digits: the same bug has the same in every process, version of Node.js and release of the program. */
  fingerprint: string
  /** A published leak that looks like it, with its link, the versions that have it and what helps. */
  known?: { id: string, name: string, url: string, versions: string, cure: string }
}

export interface BreachEvent {
  /** The rule's name. */
  rule: string
  sample: Sample
  /** In the metric's unit. */
  value: number
  /** When the value went over to the breach side, epoch ms. */
  since: number
  /** Whether the rule's `limit` withheld its actions. */
  limited: boolean
}

export type RecoveredEvent = Omit<BreachEvent, 'limited'>

export interface SnapshotFailedEvent {
  code: ErrorCode
  message: string
  trigger: string
}

export interface ReportFailedEvent {
  code: ErrorCode
  message: string
  trigger: string
  /** What was left instead: a heap image, or a snapshot. `heapwarden report FILE` makes the report elsewhere. */
  snapshot?: SnapshotInfo
}

/** Of a capture by fork; inline, JavaScript stands still meanwhile. */
export interface ProgressEvent {
  /**
   * `walk`: V8 walks the heap, counted in objects. `write`: bytes of JSON are written. `analyze`: a report is made of what was
   * written.
   */
  phase: 'walk' | 'write' | 'analyze'
  /** 0 for `analyze`. */
  done: number
  /** 0 while it is not known: always for `write` and `analyze`. */
  total: number
}

/** A collection has ended. */
export interface GcEvent {
  kind: string
  durationMs: number
  heapUsed: number
  /** Epoch ms. */
  at: number
}

/** V8's heap limit was reached: an image is left, or the limit raised so that a snapshot can be taken. Bytes. */
export interface NearHeapLimitEvent {
  /** V8's limit until then, bytes. */
  limit: number
  /** Up to here it may be raised for the snapshot, or is after the image, bytes; `limit`: it is not. */
  extendedTo: number
  /** Bytes. */
  heapUsed: number
  /** Epoch ms. */
  at: number
}

export interface WarningEvent {
  /** One of the error codes, or `HEAPWARDEN_LISTENER_FAILED`: one of your listeners threw. */
  code: string
  message: string
  /** What the listener threw. */
  error?: unknown
}

/**
 * There is no `error` event: one that nobody listens to would end the host. A listener that throws, or rejects,
 * becomes a `warning`; if nobody listens to that, a warning of the process.
 */
export interface MonitorEvents {
  /** Costs nothing while nobody listens. `dropped`: samples before it that a blocked loop kept from being told. */
  sample: [sample: Sample, more: { dropped: number }]
  breach: [event: BreachEvent]
  recovered: [event: RecoveredEvent]
  /** A snapshot is complete on disk, whoever ordered it. */
  snapshot: [info: SnapshotInfo]
  snapshotFailed: [event: SnapshotFailedEvent]
  /** Whoever ordered it. */
  report: [report: LiveReport]
  reportFailed: [event: ReportFailedEvent]
  progress: [event: ProgressEvent]
  /** Once per ramp up to the limit; `snapshot` or `snapshotFailed` follows, if there is a loop to hear it. */
  nearHeapLimit: [event: NearHeapLimitEvent]
  /** Costs nothing while nobody listens. */
  gc: [event: GcEvent]
  warning: [event: WarningEvent]
}

export class Monitor extends EventEmitter {
  /** As `watch()`. */
  constructor(options?: WatchOptions)
  /**
   * As `heapwarden.capabilities`, with this monitor's options: where they say that there are to be no heap images, `snapshots.image`
   * is not available, with the reason.
   */
  readonly capabilities: Capabilities
  /** The freshest sample; null until the first one. After `stop()` the last one. */
  readonly latest: Sample | null
  /** The samples kept, oldest first. Stays after `stop()`. */
  history(): Sample[]
  /** A sample taken now. */
  sample(): Promise<Sample>
  /**
   * Orders a snapshot, with this monitor's options where none are given. If one is under way, this is it.
   * Rejects with a HeapwardenError; `snapshotFailed` is raised as well.
   */
  snapshot(options?: SnapshotOptions): Promise<SnapshotInfo>
  /** The snapshots in this monitor's folder, newest first. */
  snapshots(): Promise<ListedSnapshot[]>
  /**
   * Captures the heap and says what holds it, and since the last report what grows. Leaves no file: the forked child that has
   * the heap reads it. `options`: those of `snapshot()`, with this monitor's where none are given, but for `path` and `form: 'image'`.
   * Rejects with a HeapwardenError, which has a `snapshot` if a file was left that a report can be made of; `reportFailed` is raised as well.
   */
  report(options?: Omit<SnapshotOptions, 'path'>): Promise<LiveReport>
  /** The last ten, oldest first. Stays after `stop()`. */
  reports(): LiveReport[]
  /** The rules and what each has come to. Stays after `stop()`. */
  rules(): RuleState[]
  /**
   * Changes what is given: `rules` as a whole, `snapshots` option by option.
   * @throws HeapwardenError `HEAPWARDEN_INVALID_OPTION`, then nothing is changed; `HEAPWARDEN_STOPPED`
   */
  update(options: WatchOptions): void
  /** Ends the watch. The second call gives the first one's promise. */
  stop(): Promise<void>
  /** `heapwarden/middleware` on this monitor. */
  middleware(options: Omit<MiddlewareOptions, 'monitor'>): Middleware
  /** `await using`: as `stop()`. */
  [Symbol.asyncDispose](): Promise<void>

  on<K extends keyof MonitorEvents>(event: K, listener: (...args: MonitorEvents[K]) => void): this
  once<K extends keyof MonitorEvents>(event: K, listener: (...args: MonitorEvents[K]) => void): this
  off<K extends keyof MonitorEvents>(event: K, listener: (...args: MonitorEvents[K]) => void): this
  addListener<K extends keyof MonitorEvents>(event: K, listener: (...args: MonitorEvents[K]) => void): this
  removeListener<K extends keyof MonitorEvents>(event: K, listener: (...args: MonitorEvents[K]) => void): this
  prependListener<K extends keyof MonitorEvents>(event: K, listener: (...args: MonitorEvents[K]) => void): this
  prependOnceListener<K extends keyof MonitorEvents>(event: K, listener: (...args: MonitorEvents[K]) => void): this
}

/** Stable: match these, not messages. */
export type ErrorCode =
  /** The message names the option, what was given and what is accepted. */
  | 'HEAPWARDEN_INVALID_OPTION'
  /** This platform, Node.js or moment cannot do it. */
  | 'HEAPWARDEN_UNSUPPORTED'
  | 'HEAPWARDEN_CAPTURE_FAILED'
  /** The snapshot, or its analysis, would need more memory than there is. */
  | 'HEAPWARDEN_MEMORY_BUDGET'
  | 'HEAPWARDEN_NO_SPACE'
  | 'HEAPWARDEN_TIMEOUT'
  | 'HEAPWARDEN_ABORTED'
  /** The message says at which byte. */
  | 'HEAPWARDEN_CORRUPT_SNAPSHOT'
  /** The analysis was begun and could not be finished; the snapshot is not to blame. */
  | 'HEAPWARDEN_ANALYSIS_FAILED'
  | 'HEAPWARDEN_NOT_FOUND'
  /** The middleware only. */
  | 'HEAPWARDEN_UNAUTHORIZED'
  /** The monitor was stopped, or the process is ending. */
  | 'HEAPWARDEN_STOPPED'
  /** The middleware's answer to a request that met a defect. */
  | 'HEAPWARDEN_INTERNAL'

export class HeapwardenError extends Error {
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown })
  readonly name: 'HeapwardenError'
  readonly code: ErrorCode
  /** Of a report that could not be made: what was left instead. */
  readonly snapshot?: SnapshotInfo
}
