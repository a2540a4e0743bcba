// What a script finds without asking.

/** What holds bytes. */
type Bytes = ArrayBuffer | SharedArrayBuffer | ArrayBufferView;

/** The listeners of an emitter. An array names several events. */
type EventName = string | symbol;
type Listener = (...args: any[]) => void;

declare class EventEmitter {
  constructor(options?: { captureRejections?: boolean });
  static EventEmitter: typeof EventEmitter;
  static defaultMaxListeners: number;
  static captureRejections: boolean;
  static readonly captureRejectionSymbol: unique symbol;
  static readonly errorMonitor: unique symbol;
  static listenerCount(emitter: EventEmitter | EventTarget, event: EventName): number;
  static getEventListeners(emitter: EventEmitter | EventTarget, event: EventName): Listener[];
  static getMaxListeners(emitter: EventEmitter | EventTarget): number;
  static setMaxListeners(count?: number, ...emitters: (EventEmitter | EventTarget)[]): void;
  static addAbortListener(signal: AbortSignal, listener: (event: Event) => void): Disposable;
  static inherits(constructor: Function, base: Function): void;
  /** Waits for one event; an event `error` rejects. */
  static once(emitter: EventEmitter | EventTarget, event: EventName, options?: { signal?: AbortSignal }): Promise<any[]>;
  /** Gives the arguments of each event, one after the other. */
  static on(emitter: EventEmitter | EventTarget, event: EventName, options?: { signal?: AbortSignal; close?: string[]; highWaterMark?: number; lowWaterMark?: number }): AsyncIterableIterator<any[]>;
  on(event: EventName | EventName[], listener: Listener): this;
  addListener(event: EventName | EventName[], listener: Listener): this;
  once(event: EventName, listener: Listener): this;
  prependListener(event: EventName, listener: Listener): this;
  prependOnceListener(event: EventName, listener: Listener): this;
  off(event: EventName, listener: Listener): this;
  removeListener(event: EventName, listener: Listener): this;
  removeAllListeners(event?: EventName): this;
  emit(event: EventName, ...args: any[]): boolean;
  eventNames(): EventName[];
  listeners(event: EventName): Listener[];
  rawListeners(event: EventName): Listener[];
  listenerCount(event: EventName, listener?: Listener): number;
  setMaxListeners(count: number): this;
  getMaxListeners(): number;
}

/** The methods of an emitter, for objects that are none by their class. */
interface Emits {
  on(event: EventName, listener: Listener): this;
  addListener(event: EventName, listener: Listener): this;
  once(event: EventName, listener: Listener): this;
  prependListener(event: EventName, listener: Listener): this;
  prependOnceListener(event: EventName, listener: Listener): this;
  off(event: EventName, listener: Listener): this;
  removeListener(event: EventName, listener: Listener): this;
  removeAllListeners(event?: EventName): this;
  emit(event: EventName, ...args: any[]): boolean;
  eventNames(): EventName[];
  listeners(event: EventName): Listener[];
  rawListeners(event: EventName): Listener[];
  listenerCount(event: EventName): number;
  setMaxListeners(count: number): this;
  getMaxListeners(): number;
}

declare class Event {
  constructor(type: string, options?: { bubbles?: boolean; cancelable?: boolean; composed?: boolean });
  static readonly NONE: 0;
  static readonly CAPTURING_PHASE: 1;
  static readonly AT_TARGET: 2;
  static readonly BUBBLING_PHASE: 3;
  readonly type: string;
  readonly target: EventTarget | null;
  readonly currentTarget: EventTarget | null;
  readonly srcElement: EventTarget | null;
  readonly eventPhase: number;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly defaultPrevented: boolean;
  readonly isTrusted: boolean;
  readonly timeStamp: number;
  readonly returnValue: boolean;
  cancelBubble: boolean;
  composedPath(): EventTarget[];
  initEvent(type: string, bubbles?: boolean, cancelable?: boolean): void;
  preventDefault(): void;
  stopPropagation(): void;
  stopImmediatePropagation(): void;
}
declare class CustomEvent<T = any> extends Event {
  constructor(type: string, options?: { bubbles?: boolean; cancelable?: boolean; composed?: boolean; detail?: T });
  readonly detail: T;
}
type EventHandler = ((event: any) => void) | { handleEvent(event: any): void };
declare class EventTarget {
  constructor();
  addEventListener(type: string, listener: EventHandler | null, options?: boolean | { once?: boolean; capture?: boolean; passive?: boolean; signal?: AbortSignal }): void;
  removeEventListener(type: string, listener: EventHandler | null, options?: boolean | { capture?: boolean }): void;
  dispatchEvent(event: Event): boolean;
}
declare class AbortSignal extends EventTarget {
  private constructor();
  static abort(reason?: any): AbortSignal;
  static timeout(ms: number): AbortSignal;
  static any(signals: Iterable<AbortSignal>): AbortSignal;
  readonly aborted: boolean;
  readonly reason: any;
  onabort: ((event: Event) => void) | null;
  throwIfAborted(): void;
}
declare class AbortController {
  constructor();
  readonly signal: AbortSignal;
  abort(reason?: any): void;
}
declare class DOMException extends Error {
  constructor(message?: string, name?: string | { name?: string; cause?: unknown });
  readonly code: number;
  static readonly INDEX_SIZE_ERR: number;
  readonly INDEX_SIZE_ERR: number;
  static readonly DOMSTRING_SIZE_ERR: number;
  readonly DOMSTRING_SIZE_ERR: number;
  static readonly HIERARCHY_REQUEST_ERR: number;
  readonly HIERARCHY_REQUEST_ERR: number;
  static readonly WRONG_DOCUMENT_ERR: number;
  readonly WRONG_DOCUMENT_ERR: number;
  static readonly INVALID_CHARACTER_ERR: number;
  readonly INVALID_CHARACTER_ERR: number;
  static readonly NO_DATA_ALLOWED_ERR: number;
  readonly NO_DATA_ALLOWED_ERR: number;
  static readonly NO_MODIFICATION_ALLOWED_ERR: number;
  readonly NO_MODIFICATION_ALLOWED_ERR: number;
  static readonly NOT_FOUND_ERR: number;
  readonly NOT_FOUND_ERR: number;
  static readonly NOT_SUPPORTED_ERR: number;
  readonly NOT_SUPPORTED_ERR: number;
  static readonly INUSE_ATTRIBUTE_ERR: number;
  readonly INUSE_ATTRIBUTE_ERR: number;
  static readonly INVALID_STATE_ERR: number;
  readonly INVALID_STATE_ERR: number;
  static readonly SYNTAX_ERR: number;
  readonly SYNTAX_ERR: number;
  static readonly INVALID_MODIFICATION_ERR: number;
  readonly INVALID_MODIFICATION_ERR: number;
  static readonly NAMESPACE_ERR: number;
  readonly NAMESPACE_ERR: number;
  static readonly INVALID_ACCESS_ERR: number;
  readonly INVALID_ACCESS_ERR: number;
  static readonly VALIDATION_ERR: number;
  readonly VALIDATION_ERR: number;
  static readonly TYPE_MISMATCH_ERR: number;
  readonly TYPE_MISMATCH_ERR: number;
  static readonly SECURITY_ERR: number;
  readonly SECURITY_ERR: number;
  static readonly NETWORK_ERR: number;
  readonly NETWORK_ERR: number;
  static readonly ABORT_ERR: number;
  readonly ABORT_ERR: number;
  static readonly URL_MISMATCH_ERR: number;
  readonly URL_MISMATCH_ERR: number;
  static readonly QUOTA_EXCEEDED_ERR: number;
  readonly QUOTA_EXCEEDED_ERR: number;
  static readonly TIMEOUT_ERR: number;
  readonly TIMEOUT_ERR: number;
  static readonly INVALID_NODE_TYPE_ERR: number;
  readonly INVALID_NODE_TYPE_ERR: number;
  static readonly DATA_CLONE_ERR: number;
  readonly DATA_CLONE_ERR: number;
}
declare function structuredClone<T>(value: T, options?: { transfer?: ArrayBuffer[] }): T;

declare class Blob {
  constructor(parts?: Iterable<string | Bytes | Blob>, options?: { type?: string; endings?: 'transparent' | 'native' });
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  text(): Promise<string>;
  slice(start?: number, end?: number, type?: string): Blob;
}
declare class TextEncoder {
  constructor();
  readonly encoding: string;
  encode(text?: string): Uint8Array;
  encodeInto(text: string, to: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(encoding?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(bytes?: Bytes, options?: { stream?: boolean }): string;
}
declare function atob(text: string): string;
/** Bytes are encoded as they are; all else as text of Latin-1. */
declare function btoa(data: string | Bytes): string;

declare class URLSearchParams {
  constructor(init?: string | Record<string, string | readonly string[]> | Iterable<readonly [string, string]> | URLSearchParams);
  readonly size: number;
  append(name: string, value: string): void;
  delete(name: string, value?: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  forEach(f: (value: string, name: string, params: URLSearchParams) => void, self?: any): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  toString(): string;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}
/** What url.parse gives. */
interface UrlParts {
  protocol?: string | null; slashes?: boolean | null; auth?: string | null; host?: string | null; port?: string | null; hostname?: string | null;
  hash?: string | null; search?: string | null; query?: any; pathname?: string | null; path?: string | null; href?: string;
}
declare class URL {
  constructor(url: string | URL, base?: string | URL);
  static canParse(url: string, base?: string): boolean;
  static URL: typeof URL;
  static URLSearchParams: typeof URLSearchParams;
  static Url: { new (): UrlParts & { format(): string } };
  static parse(url: string, parseQuery?: boolean, slashesDenoteHost?: boolean): UrlParts & { href: string };
  static format(url: URL | UrlParts | string, options?: { auth?: boolean; fragment?: boolean; search?: boolean; unicode?: boolean }): string;
  static resolve(from: string, to: string): string;
  static fileURLToPath(url: string | URL): string;
  static pathToFileURL(path: string): URL;
  static domainToASCII(domain: string): string;
  static domainToUnicode(domain: string): string;
  static urlToHttpOptions(url: URL): Record<string, any>;
  hash: string;
  host: string;
  hostname: string;
  href: string;
  readonly origin: string;
  password: string;
  pathname: string;
  port: string;
  protocol: string;
  search: string;
  readonly searchParams: URLSearchParams;
  username: string;
  toString(): string;
  toJSON(): string;
}

/** What setTimeout and its like give. */
interface Timeout {
  ref(): this;
  unref(): this;
  hasRef(): boolean;
  refresh(): this;
  close(): this;
  [Symbol.toPrimitive](): number;
}
interface Immediate {
  ref(): this;
  unref(): this;
  hasRef(): boolean;
}
declare function setTimeout(f: (...args: any[]) => void, ms?: number, ...args: any[]): Timeout;
declare namespace setTimeout { function __promisify__<T = void>(ms?: number, value?: T, options?: { signal?: AbortSignal; ref?: boolean }): Promise<T>; }
declare function setInterval(f: (...args: any[]) => void, ms?: number, ...args: any[]): Timeout;
declare namespace setInterval { function __promisify__<T = void>(ms?: number, value?: T, options?: { signal?: AbortSignal; ref?: boolean }): AsyncIterableIterator<T>; }
declare function setImmediate(f: (...args: any[]) => void, ...args: any[]): Immediate;
declare namespace setImmediate { function __promisify__<T = void>(value?: T, options?: { signal?: AbortSignal; ref?: boolean }): Promise<T>; }
declare function clearTimeout(timer?: Timeout | number | string | null): void;
declare function clearInterval(timer?: Timeout | number | string | null): void;
declare function clearImmediate(immediate?: Immediate | null): void;
declare function queueMicrotask(f: () => void): void;

/** A timer that can be stopped and started again. */
declare class Timer {
  constructor();
  static Timer: typeof Timer;
  static setTimeout: typeof setTimeout;
  static clearTimeout: typeof clearTimeout;
  static setInterval: typeof setInterval;
  static clearInterval: typeof clearInterval;
  static setImmediate: typeof setImmediate;
  static clearImmediate: typeof clearImmediate;
  static promises: typeof import('timers/promises');
  /** Begins: the callback comes after timeout ms, and then every interval ms where that is above 0. */
  start(timeout: number, callback: (...args: any[]) => void, interval?: number, ...args: any[]): any;
  start(timeout: number, interval: number, callback: (...args: any[]) => void, ...args: any[]): any;
  stop(): any;
  pause(): any;
  resume(): any;
  reset(...args: any[]): any;
  expire(): any;
  remain(): number;
  interval(): number;
  isRepeat(): boolean;
  isStopped(): boolean;
}

/** What each console has. */
interface ConsoleMethods {
  log(...values: any[]): void;
  info(...values: any[]): void;
  debug(...values: any[]): void;
  warn(...values: any[]): void;
  error(...values: any[]): void;
  trace(...values: any[]): void;
  assert(condition?: any, ...values: any[]): void;
  dir(value: any, options?: import('util').InspectOptions): void;
  dirxml(...values: any[]): void;
  table(rows: any, columns?: string[]): void;
  group(...values: any[]): void;
  groupCollapsed(...values: any[]): void;
  groupEnd(): void;
  count(label?: string): string;
  countReset(label?: string): void;
  time(label?: string): void;
  timeLog(label?: string, ...values: any[]): void;
  timeEnd(label?: string): void;
  timeStamp(label?: string): void;
  profile(label?: string): void;
  profileEnd(label?: string): void;
  clear(): void;
}
interface Console extends ConsoleMethods {
  Console: new (...args: any[]) => ConsoleMethods;
  drain(): void;
  backtrace(...values: any[]): void;
  toString(...values: any[]): string;
  tag(tag: string, ...values: any[]): void;
  tagEnable: boolean;
  tagFilterAdd(...tags: string[]): void;
  tagFilterDelete(...tags: string[]): void;
  /** Puts the time in front of each line. */
  timestamps?: boolean;
}
declare var console: Console;

/** Standard output or standard error of a script. */
interface OutputStream extends Emits {
  readonly fd: number;
  readonly isTTY: boolean;
  readonly writable: boolean;
  write(data: string | Uint8Array, encoding?: string | ((error?: Error | null) => void), callback?: (error?: Error | null) => void): boolean;
  end(data?: string | Uint8Array, encoding?: string | (() => void), callback?: () => void): any;
}
/** Standard input of a script: texts after setEncoding, else Buffers. */
interface InputStream extends Emits, AsyncIterable<any> {
  readonly fd: number;
  readonly isTTY: boolean;
  readonly readable: boolean;
  setEncoding(encoding?: string): this;
  resume(): this;
  pause(): this;
  isPaused(): boolean;
  read(size?: number): any;
  ref(): this;
  unref(): this;
  destroy(): this;
}
interface Process extends Emits {
  readonly arch: string;
  argv: string[];
  argv0: string;
  execArgv: string[];
  execPath: string;
  env: Record<string, string | undefined>;
  exitCode: number | undefined;
  readonly pid: number;
  readonly ppid: number;
  readonly platform: string;
  readonly release: { name: string };
  title: string;
  readonly version: string;
  readonly versions: Record<string, string>;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  cpuUsage(before?: { user: number; system: number }): { user: number; system: number };
  cwd(): string;
  emitWarning(warning: string | Error, options?: string | { type?: string; code?: string; detail?: string }, code?: string): void;
  environ(): any;
  exit(code?: number | string | null): never;
  getBuiltinModule(id: string): any;
  getuid(): number;
  geteuid(): number;
  getgid(): number;
  getegid(): number;
  getenv(name: string): string | undefined;
  setenv(name: string, value: string, overwrite?: boolean): any;
  unsetenv(name: string): any;
  hrtime: { (before?: [number, number]): [number, number]; bigint(): bigint };
  me(): number;
  parent(): number;
  memoryUsage: { (): { rss: number; heapTotal: number; heapUsed: number; external: number; arrayBuffers: number }; rss(): number };
  monoTime(): any;
  nextTick(f: (...args: any[]) => void, ...args: any[]): void;
  uptime(): number;
  on(event: 'exit', listener: (code: number) => void): this;
  on(event: 'uncaughtException', listener: (error: any, origin: string) => void): this;
  on(event: 'unhandledRejection', listener: (reason: any, promise: Promise<any>) => void): this;
  on(event: EventName, listener: Listener): this;
}
declare var process: Process;

/** A table of one task. */
interface TaskTable {
  get(key: any): any;
  set(key: any, value: any): any;
  has(key: any): boolean;
  delete(key: any): any;
}
interface TaskClass extends Emits {
  me(): number;
  parent(): number;
  list(): number[];
  count(): number;
  isMain(): boolean;
  exit(code?: number): never;
  nextTick(f: (...args: any[]) => void, ...args: any[]): void;
  yield(...args: any[]): any;
  testCancel(...args: any[]): any;
  cleanup(...args: any[]): any;
  /** Throws: tasks do not run in parallel. */
  create(...args: any[]): never;
  readonly tls: TaskTable;
  readonly wtls: TaskTable;
}
declare var Task: TaskClass;
/** The words behind the script on the command line. */
declare var ARGUMENT: string[];
declare var global: typeof globalThis;

interface System {
  readonly arch: string;
  readonly platform: string;
  readonly cpus: number;
  /** Blocks the script for so many ms. */
  sleep(ms: number): void;
  gc(full?: boolean): void;
  assert(condition: any, message?: string): void;
  errno(): number;
  setErrno(code: number): void;
  clearErrno(): void;
  error(code?: number): string;
  version(): string;
  verCompare(...args: any[]): any;
  engineName(): string;
  srand(seed?: number): void;
  hostName(): string;
  hostname(): string;
  tmpdir(): string;
  uptime(): number;
  memory(): any;
  monoTime(): any;
  hz(): number;
  pageSize(): number;
  cacheLine(): number;
  cpuArch(): string;
  cpuBits(): number;
  cpuEndian(): string;
  cpuInfo(): string;
  cpuOnline(): number;
  cpuTotal(): number;
  kernName(): string;
  kernVersion(): string;
  memTotal(): number;
  memFree(): number;
  diskTotal(): number;
  diskFree(): number;
  maxFds(): number;
  maxTasks(): number;
}
declare var sys: System;
declare var iosched: typeof import('iosched');
declare var performance: import('perf_hooks').Performance;
declare var crypto: typeof import('crypto').webcrypto;

interface ImportMeta {
  readonly url: string;
  readonly filename: string;
  readonly dirname: string;
  readonly main: boolean;
  resolve(id: string): string;
}
/** A module of CommonJS. */
interface ModuleObject {
  exports: any;
  readonly id: string;
  readonly path: string;
  readonly filename: string;
  readonly loaded: boolean;
}
interface Require extends RequireOf {
  cache: Record<string, ModuleObject | undefined>;
  main: ModuleObject | undefined;
  resolve: { (id: string, options?: { paths?: string[] }): string; paths(id: string): string[] | null };
}
declare var require: Require;
declare var module: ModuleObject;
declare var exports: any;
declare var __filename: string;
declare var __dirname: string;
