// The modules of Node.js and of JSRE, as far as they are served; docs/JSRE.md says what is not.

declare module 'assert' {
  class AssertionError extends Error {
    constructor(options: { message?: string; actual?: any; expected?: any; operator?: string });
    actual: any;
    expected: any;
    operator: string;
    code: string;
    generatedMessage: boolean;
    toString(): string;
  }
  type Expected = RegExp | Function | object | Error;
  interface Assert {
    (value: any, message?: string | Error): asserts value;
    AssertionError: typeof AssertionError;
    ok(value: any, message?: string | Error): asserts value;
    fail(message?: string | Error): never;
    equal(actual: any, expected: any, message?: string | Error): void;
    notEqual(actual: any, expected: any, message?: string | Error): void;
    strictEqual<T>(actual: any, expected: T, message?: string | Error): asserts actual is T;
    notStrictEqual(actual: any, expected: any, message?: string | Error): void;
    deepEqual(actual: any, expected: any, message?: string | Error): void;
    notDeepEqual(actual: any, expected: any, message?: string | Error): void;
    deepStrictEqual<T>(actual: any, expected: T, message?: string | Error): asserts actual is T;
    notDeepStrictEqual(actual: any, expected: any, message?: string | Error): void;
    throws(f: () => any, expected?: Expected | string, message?: string | Error): void;
    doesNotThrow(f: () => any, expected?: Expected | string, message?: string | Error): void;
    rejects(f: Promise<any> | (() => Promise<any>), expected?: Expected | string, message?: string | Error): Promise<void>;
    doesNotReject(f: Promise<any> | (() => Promise<any>), expected?: Expected | string, message?: string | Error): Promise<void>;
    match(text: string, pattern: RegExp, message?: string | Error): void;
    doesNotMatch(text: string, pattern: RegExp, message?: string | Error): void;
    ifError(value: any): void;
    strict: Assert;
  }
  const assert: Assert;
  export = assert;
}
declare module 'assert/strict' {
  import assert = require('assert');
  const strict: typeof assert.strict;
  export = strict;
}

declare module 'async/timer' {
  export function delay<T = void>(ms: number, value?: T): Promise<T>;
  function give(): Promise<void>;
  export { give as yield };
}

declare module 'console' {
  const all: Console;
  export = all;
}

declare module 'crypto' {
  type Data = string | Bytes;
  type Scrypt = { N?: number; r?: number; p?: number; maxmem?: number; cost?: number; blockSize?: number; parallelization?: number };
  export class Hash {
    private constructor();
    update(data: Data, encoding?: Encoding): this;
    digest(): Buffer;
    digest(encoding: Encoding): string;
    digestFile(path: string, encoding?: Encoding): any;
    copy(): Hash;
    restart(...rest: any[]): any;
  }
  export class Hmac {
    private constructor();
    update(data: Data, encoding?: Encoding): this;
    digest(): Buffer;
    digest(encoding: Encoding): string;
    digestFile(path: string, encoding?: Encoding): any;
    restart(...rest: any[]): any;
  }
  export function createHash(algorithm: string, options?: object): Hash;
  export function createHmac(algorithm: string, key: Data, options?: object): Hmac;
  export function hash(algorithm: string, data: Data, encoding?: Encoding): any;
  export function getHashes(): string[];
  export function getRandomValues<T extends ArrayBufferView>(array: T): T;
  export function randomBytes(size: number): Buffer;
  export function randomBytes(size: number, callback: (error: Error | null, bytes: Buffer) => void): void;
  export function pseudoRandomBytes(size: number): Buffer;
  export function pseudoRandomBytes(size: number, callback: (error: Error | null, bytes: Buffer) => void): void;
  export function randomFill<T extends Bytes>(buffer: T, ...rest: any[]): any;
  export function randomFillSync<T extends Bytes>(buffer: T, offset?: number, size?: number): T;
  export function randomInt(max: number): number;
  export function randomInt(min: number, max: number): number;
  export function randomInt(max: number, callback: (error: Error | null, n: number) => void): void;
  export function randomInt(min: number, max: number, callback: (error: Error | null, n: number) => void): void;
  export function randomUUID(options?: object): string;
  export function timingSafeEqual(a: Bytes, b: Bytes): boolean;
  export function pbkdf2Sync(password: Data, salt: Data, iterations: number, length: number, digest: string): Buffer;
  export function pbkdf2(password: Data, salt: Data, iterations: number, length: number, digest: string, callback: (error: Error | null, key: Buffer) => void): void;
  export function hkdfSync(digest: string, key: Data, salt: Data, info: Data, length: number): ArrayBuffer;
  export function hkdf(digest: string, key: Data, salt: Data, info: Data, length: number, callback: (error: Error | null, key: ArrayBuffer) => void): void;
  export function scryptSync(password: Data, salt: Data, length: number, options?: Scrypt): Buffer;
  export function scrypt(password: Data, salt: Data, length: number, ...rest: any[]): any;
  export const subtle: { digest(algorithm: string | { name: string }, data: Bytes): Promise<ArrayBuffer> };
  export const webcrypto: { getRandomValues: typeof getRandomValues; randomUUID: typeof randomUUID; subtle: typeof subtle };
}

declare module 'dns' {
  type Records = (error: Error | null, records: any[]) => void;
  interface LookupOptions { family?: number | 'IPv4' | 'IPv6'; all?: boolean; hints?: number; order?: string; verbatim?: boolean }
  type Found = (error: Error | null, address: any, family?: number) => void;
  export function lookup(host: string, domain?: number | LookupOptions): any;
  export function lookup(host: string, callback: Found): any;
  export function lookup(host: string, domain: number | LookupOptions, callback: Found): any;
  export function gethostbyname(host: string, ...rest: any[]): any;
  export function getaddrinfo(host: string, ...rest: any[]): any;
  export function cacheTimeout(...rest: any[]): any;
  export function cacheFlush(...rest: any[]): any;
  export function resolve(name: string, type: string, callback: Records): void;
  export function resolve(name: string, callback: Records): void;
  export function resolve4(name: string, ...rest: any[]): void;
  export function resolve6(name: string, ...rest: any[]): void;
  export function resolveCname(name: string, callback: Records): void;
  export function resolveMx(name: string, callback: Records): void;
  export function resolveNs(name: string, callback: Records): void;
  export function resolvePtr(name: string, callback: Records): void;
  export function resolveSrv(name: string, callback: Records): void;
  export function resolveTxt(name: string, callback: Records): void;
  export function reverse(address: string, callback: Records): void;
  export function getServers(): string[];
  export function setServers(servers: readonly string[]): void;
  export const ADDRCONFIG: number;
  export const ALL: number;
  export const V4MAPPED: number;
  export const BADFAMILY: string;
  export const BADNAME: string;
  export const BADQUERY: string;
  export const BADRESP: string;
  export const CANCELLED: string;
  export const CONNREFUSED: string;
  export const EOF: string;
  export const FORMERR: string;
  export const NODATA: string;
  export const NOTFOUND: string;
  export const NOTIMP: string;
  export const REFUSED: string;
  export const SERVFAIL: string;
  export const TIMEOUT: string;
  export const promises: typeof import('dns/promises');
}
declare module 'dns/promises' {
  import { LookupOptions } from 'dns';
  export function lookup(host: string, options?: number | LookupOptions): Promise<any>;
  export function resolve(name: string, type?: string): Promise<any[]>;
  export function resolve4(name: string, options?: object): Promise<any[]>;
  export function resolve6(name: string, options?: object): Promise<any[]>;
  export function resolveCname(name: string): Promise<string[]>;
  export function resolveMx(name: string): Promise<{ priority: number; exchange: string }[]>;
  export function resolveNs(name: string): Promise<string[]>;
  export function resolvePtr(name: string): Promise<string[]>;
  export function resolveSrv(name: string): Promise<{ priority: number; weight: number; port: number; name: string }[]>;
  export function resolveTxt(name: string): Promise<string[][]>;
  export function reverse(address: string): Promise<string[]>;
  export function getServers(): string[];
  export function setServers(servers: readonly string[]): void;
  export const BADFAMILY: string;
  export const BADNAME: string;
  export const BADQUERY: string;
  export const BADRESP: string;
  export const CANCELLED: string;
  export const CONNREFUSED: string;
  export const EOF: string;
  export const FORMERR: string;
  export const NODATA: string;
  export const NOTFOUND: string;
  export const NOTIMP: string;
  export const REFUSED: string;
  export const SERVFAIL: string;
  export const TIMEOUT: string;
}

declare module 'events' {
  const all: typeof EventEmitter;
  export = all;
}

declare module 'iosched' {
  export const READ: number;
  export const WRITE: number;
  export const EXCEPT: number;
  export const ACCEPT: number;
  export const CONNECT: number;
  /** Serves events until the script ends, or check says that it is enough. */
  export function forever(check?: { quit?: any } | (() => any), timeout?: number): any;
  /** Serves what is ready, and waits for it no longer than timeout ms. */
  export function poll(timeout?: number): any;
  export function event(...args: any[]): any;
  export function add(...args: any[]): any;
  export function once(...args: any[]): any;
  export function remove(...args: any[]): any;
  export function listening(...args: any[]): any;
  export function fds(...args: any[]): any;
  export function select(...args: any[]): any;
}

declare module 'module' {
  export const builtinModules: string[];
  export function createRequire(file: string | URL): Require;
  export function isBuiltin(id: string): boolean;
}

declare module 'os' {
  export const EOL: string;
  export const devNull: string;
  export const constants: { signals: Record<string, number> };
  export function arch(): string;
  export function availableParallelism(): number;
  export function cpus(): { model: string; speed: number; times: { user: number; nice: number; sys: number; idle: number; irq: number } }[];
  export function endianness(): 'LE' | 'BE';
  export function freemem(): number;
  export function homedir(): string;
  export function hostname(): string;
  export function loadavg(): number[];
  export function machine(): string;
  export function networkInterfaces(): Record<string, { address: string; netmask: string; family: string; mac: string; internal: boolean; cidr: string | null; scopeid?: number }[] | undefined>;
  export function platform(): string;
  export function release(): string;
  export function tmpdir(): string;
  export function totalmem(): number;
  export function type(): string;
  export function uptime(): number;
  export function userInfo(options?: object): { username: string; uid: number; gid: number; homedir: string; shell: string | null };
  export function version(): string;
}

declare module 'path' {
  export interface Parts { root: string; dir: string; base: string; ext: string; name: string }
  export const delimiter: string;
  export const sep: string;
  export function basename(path: string, suffix?: string): string;
  export function cwd(): string;
  export function dirname(path: string): string;
  export function extname(path: string): string;
  export function format(parts: Partial<Parts>): string;
  export function isAbsolute(path: string): boolean;
  export function join(...paths: string[]): string;
  export function normalize(path: string): string;
  export function parse(path: string): Parts;
  export function relative(from: string, to: string): string;
  export function resolve(...paths: string[]): string;
  export function toNamespacedPath(path: string): string;
  export const posix: typeof import('path');
}

declare module 'perf_hooks' {
  export interface Entry { name: string; entryType: string; startTime: number; duration: number; detail?: any }
  export interface Performance {
    readonly timeOrigin: number;
    now(): number;
    mark(name: string, options?: { startTime?: number; detail?: any }): Entry;
    measure(name: string, from?: string | { start?: number | string; end?: number | string; duration?: number; detail?: any }, to?: string): Entry;
    getEntries(): Entry[];
    getEntriesByName(name: string, type?: string): Entry[];
    getEntriesByType(type: string): Entry[];
    clearMarks(name?: string): void;
    clearMeasures(name?: string): void;
    toJSON(): any;
  }
  export const performance: Performance;
}

declare module 'process' {
  const all: Process;
  export = all;
}

declare module 'querystring' {
  type Query = Record<string, string | string[] | undefined>;
  export function parse(text: string, separator?: string | null, equals?: string | null, options?: { maxKeys?: number; decodeURIComponent?(text: string): string }): Query;
  export function stringify(query: any, separator?: string | null, equals?: string | null, options?: { encodeURIComponent?(text: string): string }): string;
  export const decode: typeof parse;
  export const encode: typeof stringify;
  export function escape(text: string): string;
  export function unescape(text: string): string;
  export function unescapeBuffer(text: string, decodeSpaces?: boolean): Buffer;
}

declare module 'socket' {
  /** Where a server is. */
  export interface Address { domain?: number; addr: string; port: number }
  export const AF_UNSPEC: number;
  export const AF_INET: number;
  export const AF_INET6: number;
  export const SOCK_STREAM: number;
  export const SOCK_DGRAM: number;
  export const SOCK_RAW: number;
  export const IPPROTO_TCP: number;
  export const IPPROTO_UDP: number;
  export const INADDR_ANY: string;
  export const INADDR_LOOPBACK: string;
  export function sockaddr(addr: string, port: number): Address;
  export function sockaddr6(addr: string, port: number): Address;
}

declare module 'string_decoder' {
  export class StringDecoder {
    constructor(encoding?: Encoding);
    readonly lastChar: Buffer;
    readonly lastNeed: number;
    readonly lastTotal: number;
    write(bytes: string | ArrayBufferView): string;
    end(bytes?: string | ArrayBufferView): string;
  }
}

declare module 'sys' {
  const all: System;
  export = all;
}

declare module 'task' {
  const all: TaskClass;
  export = all;
}

declare module 'timers' {
  const all: typeof Timer;
  export = all;
}
declare module 'timers/promises' {
  interface Options { signal?: AbortSignal; ref?: boolean }
  function timeout<T = void>(ms?: number, value?: T, options?: Options): Promise<T>;
  function interval<T = void>(ms?: number, value?: T, options?: Options): AsyncIterableIterator<T>;
  function immediate<T = void>(value?: T, options?: Options): Promise<T>;
  export { timeout as setTimeout, interval as setInterval, immediate as setImmediate };
  export const scheduler: { wait(ms: number, options?: Options): Promise<void>; yield(): Promise<void> };
}

declare module 'tls' {
  export const TLSv1_2: number;
  export const TLSv1_3: number;
  export const DEFAULT_MIN_VERSION: string;
  export const DEFAULT_MAX_VERSION: string;
  export function getCiphers(): string[];
}

declare module 'url' {
  const all: typeof URL;
  export = all;
}

declare module 'util' {
  export interface InspectOptions {
    colors?: boolean;
    compact?: boolean | number;
    depth?: number | null;
    breakLength?: number;
    maxArrayLength?: number | null;
    maxStringLength?: number | null;
    showHidden?: boolean;
    showProxy?: boolean;
    customInspect?: boolean;
    numericSeparator?: boolean;
    getters?: boolean | 'get' | 'set';
    sorted?: boolean | ((a: string, b: string) => number);
  }
  export function inspect(value: any, options?: InspectOptions): string;
  export function inspect(value: any, showHidden?: boolean, depth?: number | null, colors?: boolean): string;
  export namespace inspect {
    const custom: unique symbol;
    let defaultOptions: InspectOptions;
    const styles: Record<string, string>;
    const colors: Record<string, [number, number]>;
  }
  export function format(...values: any[]): string;
  export function formatWithOptions(options: InspectOptions, ...values: any[]): string;
  export function log(...values: any[]): void;
  export function logToString(...values: any[]): string;
  export function promisify<T = any>(f: Function): (...args: any[]) => Promise<T>;
  export namespace promisify { const custom: unique symbol; }
  export function callbackify(f: (...args: any[]) => Promise<any>): (...args: any[]) => void;
  export function deprecate<F extends Function>(f: F, message: string, code?: string): F;
  export function debuglog(section: string): (...values: any[]) => void;
  export const debug: typeof debuglog;
  export function inherits(constructor: Function, base: Function): void;
  export function aborted(signal: AbortSignal, resource: any): Promise<void>;
  export function isDeepStrictEqual(a: any, b: any): boolean;
  export function stripVTControlCharacters(text: string): string;
  export function styleText(style: string | string[], text: string, ...rest: any[]): string;
  export function toUSVString(text: string): string;
  export function clone<T>(value: T): T;
  export function mixin(to: any, ...from: any[]): any;
  export function fillup(to: any, ...from: any[]): any;
  export function update(to: any, ...from: any[]): any;
  export function different(a: any, b: any): any;
  export function _extend(to: any, from: any): any;
  export function isArray(value: any): value is any[];
  export function isBoolean(value: any): value is boolean;
  export function isBuffer(value: any): value is Buffer;
  export function isDate(value: any): value is Date;
  export function isError(value: any): value is Error;
  export function isFinite(value: any): boolean;
  export function isFunction(value: any): value is Function;
  export function isInteger(value: any): value is number;
  export function isNull(value: any): value is null;
  export function isNullOrUndefined(value: any): value is null | undefined;
  export function isNumber(value: any): value is number;
  export function isObject(value: any): boolean;
  export function isPrimitive(value: any): boolean;
  export function isRegExp(value: any): value is RegExp;
  export function isString(value: any): value is string;
  export function isSymbol(value: any): value is symbol;
  export function isUndefined(value: any): value is undefined;
  export const types: {
    isAnyArrayBuffer(value: any): boolean;
    isArgumentsObject(value: any): boolean;
    isArrayBuffer(value: any): value is ArrayBuffer;
    isArrayBufferView(value: any): value is ArrayBufferView;
    isAsyncFunction(value: any): boolean;
    isBigInt64Array(value: any): value is BigInt64Array;
    isBigIntObject(value: any): boolean;
    isBigUint64Array(value: any): value is BigUint64Array;
    isBooleanObject(value: any): boolean;
    isBoxedPrimitive(value: any): boolean;
    isCryptoKey(value: any): boolean;
    isDataView(value: any): value is DataView;
    isDate(value: any): value is Date;
    isExternal(value: any): boolean;
    isFloat32Array(value: any): value is Float32Array;
    isFloat64Array(value: any): value is Float64Array;
    isGeneratorFunction(value: any): boolean;
    isGeneratorObject(value: any): boolean;
    isInt16Array(value: any): value is Int16Array;
    isInt32Array(value: any): value is Int32Array;
    isInt8Array(value: any): value is Int8Array;
    isKeyObject(value: any): boolean;
    isMap(value: any): value is Map<any, any>;
    isMapIterator(value: any): boolean;
    isModuleNamespaceObject(value: any): boolean;
    isNativeError(value: any): value is Error;
    isNumberObject(value: any): boolean;
    isPromise(value: any): value is Promise<any>;
    isProxy(value: any): boolean;
    isRegExp(value: any): value is RegExp;
    isSet(value: any): value is Set<any>;
    isSetIterator(value: any): boolean;
    isSharedArrayBuffer(value: any): boolean;
    isStringObject(value: any): boolean;
    isSymbolObject(value: any): boolean;
    isTypedArray(value: any): boolean;
    isUint16Array(value: any): value is Uint16Array;
    isUint32Array(value: any): value is Uint32Array;
    isUint8Array(value: any): value is Uint8Array;
    isUint8ClampedArray(value: any): value is Uint8ClampedArray;
    isWeakMap(value: any): value is WeakMap<any, any>;
    isWeakSet(value: any): value is WeakSet<any>;
  };
  const Encoder: typeof TextEncoder;
  const Decoder: typeof TextDecoder;
  export { Encoder as TextEncoder, Decoder as TextDecoder };
}

declare module 'readline' {
  interface Options { input: Emits; output?: { write(text: string): any } | null; prompt?: string; [name: string]: any }
  interface Lines extends Emits, AsyncIterable<string> {
    readonly terminal: boolean;
    readonly line: string;
    prompt(): void;
    setPrompt(prompt: string): void;
    getPrompt(): string;
    pause(): this;
    resume(): this;
    close(): void;
  }
  interface Interface extends Lines { question(query: string, answer: (line: string) => void): void }
  interface Asking extends Lines { question(query: string): Promise<string> }
  export function createInterface(options: Options): Interface;
  export function createInterface(input: Emits, output?: { write(text: string): any }): Interface;
  export const promises: typeof import('readline/promises');
}

declare module 'readline/promises' {
  export function createInterface(options: import('readline').Options): import('readline').Asking;
  export function createInterface(input: Emits, output?: { write(text: string): any }): import('readline').Asking;
}
