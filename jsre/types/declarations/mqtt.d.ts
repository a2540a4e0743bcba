// The module mqtt: mqtt.open and its clients, and the API of MQTT.js.

declare module 'mqtt' {
  type QoS = 0 | 1 | 2;
  /** A payload to publish. */
  type Payload = string | Bytes;

  // mqtt.open

  /** Where a server is; the module socket makes one, too. */
  export interface ServerAddress { domain?: number; addr: string; port: number }
  export interface OpenTLS {
    /** Verify the server; default true. */
    rejectUnauthorized?: boolean;
    /** PEM text of the authorities to trust; default: the system's. */
    ca?: string | Uint8Array | (string | Uint8Array)[];
    /** Trust the system's authorities, too. */
    loadDefaultCerts?: boolean;
    /** The name that must be in the certificate; default: the host. */
    server?: string;
    cert?: string | Uint8Array;
    key?: string | Uint8Array;
    passwd?: string;
    handshakeTimeout?: number;
  }
  /** Connects, and blocks until the connection stands; undefined: it failed, and lastError says why. */
  export function open(saddr: ServerAddress, tlsOpt?: OpenTLS | null, timeout?: number): OpenClient | undefined;
  /** Connects in the background; the callback's second argument is undefined when that failed. */
  export function open(saddr: ServerAddress, tlsOpt: OpenTLS | null | undefined, callback: (client: OpenClient, remote: any) => void, bufSize?: number): OpenClient;
  export function mode(): 'off' | 'listener' | 'publisher';
  /** Why the last open failed. */
  export const lastError: ClientError | undefined;

  export interface OpenConnectOptions {
    client?: string | Uint8Array;
    user?: string | Uint8Array;
    passwd?: string | Uint8Array;
    /** Seconds; default 60, 0: none. */
    keepalive?: number;
    will?: boolean;
    topic?: string;
    message?: Payload;
    qos?: number;
    willRetain?: boolean;
    /** Default true. */
    clean?: boolean;
    /** Default '3.1.1'. */
    version?: '3.1' | '3.1.1' | '5';
    properties?: { sessionExpiryInterval?: number; userProperties?: UserProperties; [name: string]: any };
  }
  export interface OpenMessage {
    topic: string;
    message: Buffer;
    qos: QoS;
    packetId: number;
    retain: boolean;
    dup: boolean;
    properties?: any;
  }
  /** An error of a client; a refusal has the server's reason. */
  export interface ClientError extends Error { code: string; reasonCode?: number; reason?: string }
  type Done = (error?: ClientError) => void;
  /** What open gives. */
  export interface OpenClient extends Emits {
    connect(options?: OpenConnectOptions, callback?: (client: OpenClient) => void): void;
    connect(callback: (client: OpenClient) => void): void;
    publish(topic: string, message: Payload, options?: { qos?: number; retain?: boolean; properties?: any }, callback?: Done): void;
    publish(topic: string, message: Payload, callback: Done): void;
    subscribe(topic: string | string[], options?: { qos?: number; retain?: boolean; properties?: any }, callback?: Done): void;
    subscribe(topic: string | string[], callback: Done): void;
    unsubscribe(topic: string | string[], callback?: Done): void;
    isConnected(): boolean;
    isQueued(): boolean;
    close(): void;
    on(event: 'message', listener: (message: OpenMessage) => void): this;
    on(event: 'error' | 'disconnect', listener: (error: ClientError) => void): this;
    on(event: 'connect' | 'close', listener: () => void): this;
    on(event: EventName, listener: Listener): this;
    once(event: 'message', listener: (message: OpenMessage) => void): this;
    once(event: 'error' | 'disconnect', listener: (error: ClientError) => void): this;
    once(event: EventName, listener: Listener): this;
  }

  // MQTT.js

  export type UserProperties = Record<string, string | string[]>;
  /** A packet, as events and callbacks give it. */
  export interface Packet {
    cmd: string;
    messageId?: number;
    reasonCode?: number;
    properties?: any;
    [member: string]: any;
  }
  export interface IPublishPacket extends Packet {
    cmd: 'publish';
    topic: string;
    payload: Buffer;
    qos: QoS;
    retain: boolean;
    dup: boolean;
    properties?: PublishProperties & { subscriptionIdentifier?: number | number[] };
  }
  export interface IConnackPacket extends Packet {
    cmd: 'connack';
    sessionPresent: boolean;
    returnCode?: number;
  }
  export interface PublishProperties {
    payloadFormatIndicator?: boolean;
    messageExpiryInterval?: number;
    topicAlias?: number;
    responseTopic?: string;
    correlationData?: Buffer;
    userProperties?: UserProperties;
    subscriptionIdentifier?: number | number[];
    contentType?: string;
  }
  export interface ISubscriptionGrant { topic: string; qos: number; nl?: boolean; rap?: boolean; rh?: number; properties?: any }
  export interface IClientWill {
    topic: string;
    payload?: Payload;
    qos?: QoS;
    retain?: boolean;
    properties?: PublishProperties & { willDelayInterval?: number };
  }
  export interface IClientOptions {
    clientId?: string;
    username?: string;
    password?: string | Uint8Array;
    keepalive?: number;
    reschedulePings?: boolean;
    clean?: boolean;
    protocolId?: 'MQTT' | 'MQIsdp' | (string & {});
    protocolVersion?: 3 | 4 | 5 | (number & {});
    bridgeMode?: boolean;
    /** Milliseconds between two attempts; 0: no reconnection. */
    reconnectPeriod?: number;
    reconnectOnConnackError?: boolean;
    connectTimeout?: number;
    manualConnect?: boolean;
    resubscribe?: boolean;
    subscribeBatchSize?: number;
    queueQoSZero?: boolean;
    will?: IClientWill;
    properties?: {
      sessionExpiryInterval?: number; receiveMaximum?: number; maximumPacketSize?: number; topicAliasMaximum?: number; requestResponseInformation?: boolean;
      requestProblemInformation?: boolean; userProperties?: UserProperties; authenticationMethod?: string; authenticationData?: Buffer;
    };
    authPacket?: any;
    customHandleAcks?: (topic: string, message: Buffer, packet: IPublishPacket, done: (error: Error | number | null, code?: number) => void) => void;
    autoUseTopicAlias?: boolean;
    autoAssignTopicAlias?: boolean;
    incomingStore?: Store;
    outgoingStore?: Store;
    messageIdProvider?: IMessageIdProvider;
    servers?: { host: string; port: number; protocol?: string }[];
    log?: (...values: any[]) => void;
    host?: string;
    hostname?: string;
    port?: number;
    path?: string;
    protocol?: 'mqtt' | 'mqtts' | 'tcp' | 'ssl' | 'tls' | 'ws' | 'wss' | 'unix' | (string & {});
    unixSocket?: boolean | string;
    wsOptions?: { headers?: Record<string, string>; [name: string]: any };
    transformWsUrl?: (url: string, options: IClientOptions, client: MqttClient) => string;
    ca?: string | Uint8Array | (string | Uint8Array)[];
    cert?: string | Uint8Array;
    key?: string | Uint8Array;
    passphrase?: string;
    rejectUnauthorized?: boolean;
    servername?: string;
    ALPNProtocols?: string[];
    /** It does nothing here. */
    timerVariant?: any;
    /** It does nothing here. */
    writeCache?: boolean;
    /** It does nothing here. */
    socksProxy?: string;
    [option: string]: any;
  }
  export interface IClientPublishOptions {
    qos?: QoS;
    retain?: boolean;
    dup?: boolean;
    properties?: PublishProperties;
    cbStorePut?: () => void;
  }
  export interface IClientSubscribeOptions {
    qos?: QoS;
    nl?: boolean;
    rap?: boolean;
    rh?: number;
    properties?: { subscriptionIdentifier?: number; userProperties?: UserProperties };
  }
  export type ISubscriptionMap = Record<string, IClientSubscribeOptions> & { resubscribe?: boolean };
  type Topics = string | string[] | ISubscriptionMap;
  type PacketCallback = (error?: Error | null, packet?: Packet) => void;
  type SubscribeCallback = (error: Error | null, granted?: ISubscriptionGrant[], packet?: Packet) => void;

  /** One message of {@link MqttClient.messages}. */
  export interface Received { topic: string; payload: Buffer; packet: IPublishPacket }

  /** The connection of a client. */
  export interface Stream extends Emits {
    destroy(error?: Error): any;
    end(): any;
  }

  export class MqttClient extends EventEmitter {
    constructor(streamBuilder: (client: MqttClient) => any, options: IClientOptions);
    static VERSION: string;
    static defaultId(): string;
    options: IClientOptions;
    readonly connected: boolean;
    readonly reconnecting: boolean;
    readonly disconnecting: boolean;
    readonly disconnected: boolean;
    readonly queue: any[];
    readonly queueQoSZero: boolean;
    readonly keepalive: number;
    readonly keepaliveManager: any;
    readonly outgoingStore: Store;
    readonly incomingStore: Store;
    readonly messageIdProvider: IMessageIdProvider;
    readonly connackPacket: IConnackPacket | undefined;
    readonly serverProperties: any;
    readonly stream: Stream;
    connect(): this;
    publish(topic: string, message: Payload, callback?: PacketCallback): this;
    publish(topic: string, message: Payload, options?: IClientPublishOptions, callback?: PacketCallback): this;
    publishAsync(topic: string, message: Payload, options?: IClientPublishOptions): Promise<Packet | undefined>;
    subscribe(topics: Topics, callback?: SubscribeCallback): this;
    subscribe(topics: Topics, options?: IClientSubscribeOptions, callback?: SubscribeCallback): this;
    subscribeAsync(topics: Topics, options?: IClientSubscribeOptions): Promise<ISubscriptionGrant[]>;
    unsubscribe(topics: string | string[], callback?: PacketCallback): this;
    unsubscribe(topics: string | string[], options?: { properties?: any }, callback?: PacketCallback): this;
    unsubscribeAsync(topics: string | string[], options?: { properties?: any }): Promise<Packet | undefined>;
    end(callback?: (error?: Error) => void): this;
    end(force?: boolean, callback?: (error?: Error) => void): this;
    end(force?: boolean, options?: object, callback?: (error?: Error) => void): this;
    end(options: object, callback?: (error?: Error) => void): this;
    endAsync(force?: boolean | object, options?: object): Promise<void>;
    reconnect(options?: { incomingStore?: Store; outgoingStore?: Store }): this;
    removeOutgoingMessage(messageId: number): this;
    getLastMessageId(): number;
    reschedulePing(force?: boolean): void;
    sendPing(): void;
    handleMessage(packet: IPublishPacket, callback: (error?: Error) => void): void;
    handleAuth(packet: Packet, callback: (error?: Error, packet?: Packet) => void): void;
    /** Subscribes, and calls the listener with what matches the filter alone. What it gives takes the listener off. */
    handle(filter: string, listener: (topic: string, payload: Buffer, packet: IPublishPacket) => void): () => void;
    handle(filter: string, options: IClientSubscribeOptions, listener: (topic: string, payload: Buffer, packet: IPublishPacket) => void): () => void;
    /** Subscribes, and gives the messages one after the other: `for await (const m of client.messages('a/#'))`. */
    messages(filter: string, options?: IClientSubscribeOptions): AsyncIterableIterator<Received>;
    on(event: 'connect', listener: (packet: IConnackPacket) => void): this;
    on(event: 'message', listener: (topic: string, payload: Buffer, packet: IPublishPacket) => void): this;
    on(event: 'packetsend' | 'packetreceive' | 'disconnect', listener: (packet: Packet) => void): this;
    on(event: 'error', listener: (error: any) => void): this;
    on(event: 'reconnect' | 'close' | 'offline' | 'end' | 'outgoingEmpty', listener: () => void): this;
    on(event: EventName | EventName[], listener: Listener): this;
    once(event: 'connect', listener: (packet: IConnackPacket) => void): this;
    once(event: 'message', listener: (topic: string, payload: Buffer, packet: IPublishPacket) => void): this;
    once(event: 'error', listener: (error: any) => void): this;
    once(event: EventName, listener: Listener): this;
  }
  export { MqttClient as Client };

  export function connect(url: string | URL, options?: IClientOptions): MqttClient;
  export function connect(options: IClientOptions): MqttClient;
  export function connectAsync(url: string | URL, options?: IClientOptions, allowRetries?: boolean): Promise<MqttClient>;
  export function connectAsync(options: IClientOptions): Promise<MqttClient>;

  export class Store {
    constructor(options?: { clean?: boolean });
    put(packet: Packet, callback: (error?: Error, packet?: Packet) => void): this;
    get(packet: Packet, callback: (error?: Error, packet?: Packet) => void): this;
    del(packet: Packet, callback: (error?: Error, packet?: Packet) => void): this;
    createStream(): any;
    close(callback?: (error?: Error) => void): void;
  }
  export interface IMessageIdProvider {
    allocate(): number | null;
    getLastAllocated(): number | null;
    register(messageId: number): boolean;
    deallocate(messageId: number): void;
    clear(): void;
  }
  export const DefaultMessageIdProvider: { new (): IMessageIdProvider };
  export const UniqueMessageIdProvider: { new (): IMessageIdProvider };
  export const KeepaliveManager: { new (...args: any[]): any };
  export class ErrorWithReasonCode extends Error {
    constructor(message: string, code: number);
    code: number;
  }
  export class ErrorWithSubackPacket extends Error {
    constructor(message: string, packet: Packet);
    packet: Packet;
  }
  /** Texts by code. */
  export const ReasonCodes: Record<number, string>;
  export const MQTTJS_VERSION: string;
  export function validateTopic(topic: string): boolean;
  export function validateTopics(topics: string[]): string | null;
  export function nextTick(f: (...args: any[]) => void, ...args: any[]): void;
  export function applyMixin(target: any, mixin: any, ...rest: any[]): void;
  const all: typeof import('mqtt');
  export default all;
}
