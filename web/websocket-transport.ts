// A transport for the clients of Connect (@connectrpc/connect 2) that makes calls of every kind over WebSockets, also those
// that stream both ways, which browsers cannot by fetch. The server is weft's edge::websocket();
// docs/reference/websocket.md says what goes over the wire.

import type { BinaryReadOptions, BinaryWriteOptions, DescMessage, DescMethodStreaming, DescMethodUnary, JsonReadOptions,
              JsonWriteOptions, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { Code, ConnectError, createContextValues } from '@connectrpc/connect';
import type { ContextValues, Interceptor, StreamRequest, StreamResponse, Transport, UnaryRequest, UnaryResponse } from '@connectrpc/connect';
import { compressedFlag, createClientMethodSerializers, createMethodUrl, encodeEnvelope, getAbortSignalReason, runStreamingCall,
         runUnaryCall } from '@connectrpc/connect/protocol';
import { endStreamFlag, endStreamFromJson } from '@connectrpc/connect/protocol-connect';

/** What is used of a browser's WebSocket: `ws` of npm has it too, for Node. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
}

export interface WebSocketTransportOptions {
  /** Of the server: "https://api.example", which becomes wss. */
  baseUrl: string;
  /** Protobuf's bytes in place of JSON. */
  useBinaryFormat?: boolean;
  interceptors?: Interceptor[];
  /** Of calls that have none. */
  defaultTimeoutMs?: number;
  jsonOptions?: Partial<JsonReadOptions & JsonWriteOptions>;
  binaryOptions?: Partial<BinaryReadOptions & BinaryWriteOptions>;
  /** In place of the browser's. */
  webSocket?: new (url: string, protocols: string[]) => WebSocketLike;
}

/** Bytes that a socket may have taken and not sent; beyond them requests wait. */
const MOST_BUFFERED = 1024 * 1024;
const BUFFER_POLL_MS = 10;
/** Why the client closes before the end; any code cancels the call. */
const CANCELLED = 4000;

/** The error for a socket that the server closed before the end of the call. */
function closedEarly(code: number, reason: string): ConnectError {
  const codes: Record<number, Code> = {
    1002: Code.Internal,
    1003: Code.Internal,
    1007: Code.Internal,
    1008: Code.InvalidArgument,
    1009: Code.ResourceExhausted,
    1013: Code.ResourceExhausted,
  };
  const why = reason === '' ? '' : `: ${reason}`;
  return new ConnectError(`the WebSocket ended with code ${code} before the call did${why}`, codes[code] ?? Code.Unavailable);
}

function headText(header: Headers): string {
  let text = '';
  header.forEach((value, name) => (text += `${name}: ${value}\n`));
  return text;
}

function readHead(text: string): Headers {
  const header = new Headers();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) header.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return header;
}

/** One WebSocket, which is one call. */
class Exchange {
  private readonly socket: WebSocketLike;
  private readonly arrived: (string | Uint8Array)[] = [];
  private failure: unknown;
  private ended = false;
  private wake: () => void = () => {};

  constructor(url: string, protocol: string, make: NonNullable<WebSocketTransportOptions['webSocket']>, private readonly signal: AbortSignal) {
    this.socket = new make(url, [protocol]);
    this.socket.binaryType = 'arraybuffer';
    signal.addEventListener('abort', this.onAbort);
    if (signal.aborted) this.onAbort();
  }

  private readonly onAbort = () => this.fail(getAbortSignalReason(this.signal));

  /** Resolves when the socket is open; a browser does not say why one is not. */
  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.wake = () => reject(this.failure);
      if (this.ended) return reject(this.failure);
      this.socket.onmessage = (event) => {
        this.arrived.push(typeof event.data === 'string' ? event.data : new Uint8Array(event.data));
        this.wake();
      };
      this.socket.onclose = (event) => this.fail(closedEarly(event.code, event.reason));
      this.socket.onopen = () => {
        this.wake = () => {};
        resolve();
      };
    });
  }

  /** The next message. Throws where none will come. */
  async next(): Promise<string | Uint8Array> {
    for (;;) {
      const message = this.arrived.shift();
      if (message !== undefined) return message;
      if (this.ended) throw this.failure;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  async send(data: string | Uint8Array<ArrayBuffer>): Promise<void> {
    while (!this.ended && this.socket.bufferedAmount > MOST_BUFFERED) {
      await new Promise((resolve) => setTimeout(resolve, BUFFER_POLL_MS));
    }
    if (!this.ended) this.socket.send(data);
  }

  isOver(): boolean {
    return this.ended;
  }

  /** The call has ended; the server closes the socket. */
  end(): void {
    this.finish(new ConnectError('the call has ended', Code.Internal));
  }
  fail(why: unknown): void {
    if (this.ended) return;
    this.finish(why);
    this.socket.close(CANCELLED);
  }

  private finish(why: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = why;
    this.signal.removeEventListener('abort', this.onAbort);
    this.wake();
  }
}

/**
 * Calls over WebSockets, one for each call: for methods that stream both ways. Unary calls and server streams cost less by
 * createConnectTransport() of @connectrpc/connect-web, which shares a connection.
 *
 *     const transport = createWebSocketTransport({ baseUrl: 'https://api.example' });
 *     const chat = createClient(Chat, transport);
 *     for await (const reply of chat.talk(messages)) …
 */
export function createWebSocketTransport(options: WebSocketTransportOptions): Transport {
  const useBinaryFormat = options.useBinaryFormat ?? false;
  const protocol = `weft.connect.v1+${useBinaryFormat ? 'proto' : 'json'}`;

  function timeoutOf(timeoutMs: number | undefined): number | undefined {
    if (timeoutMs === undefined) return options.defaultTimeoutMs;
    return timeoutMs <= 0 ? undefined : timeoutMs;
  }

  function headerOf(init: HeadersInit | undefined, timeoutMs: number | undefined): Headers {
    const header = new Headers(init);
    if (timeoutMs !== undefined) header.set('connect-timeout-ms', `${timeoutMs}`);
    return header;
  }

  async function open(url: string, header: Headers, signal: AbortSignal): Promise<Exchange> {
    const make = options.webSocket ?? (globalThis as unknown as { WebSocket: NonNullable<WebSocketTransportOptions['webSocket']> }).WebSocket;
    const exchange = new Exchange(url.replace(/^http/, 'ws'), protocol, make, signal);
    await exchange.opened();
    await exchange.send(headText(header));
    return exchange;
  }

  /** Sends the requests; where they fail, the call does. */
  async function pump<T>(exchange: Exchange, requests: AsyncIterable<T>, serialize: (message: T) => Uint8Array): Promise<void> {
    try {
      for await (const message of requests) {
        await exchange.send(encodeEnvelope(0, serialize(message)));
        // The handler may end before the requests do; leaving the loop tells their source.
        if (exchange.isOver()) return;
      }
      await exchange.send(encodeEnvelope(endStreamFlag, new Uint8Array()));
    } catch (error) {
      exchange.fail(error);
    }
  }

  async function readHeader(exchange: Exchange): Promise<Headers> {
    const first = await exchange.next();
    if (typeof first === 'string') return readHead(first);
    const why = new ConnectError('the server began with a message that has no fields', Code.Internal);
    exchange.fail(why);
    throw why;
  }

  async function* responses<T>(exchange: Exchange, parse: (data: Uint8Array) => T, header: Headers, trailer: Headers): AsyncGenerator<T> {
    try {
      for (;;) {
        const message = await exchange.next();
        if (typeof message === 'string' || message.length < 5) throw new ConnectError('the server sent what is no envelope', Code.Internal);
        const flags = message[0];
        const data = message.subarray(5);
        if ((flags & compressedFlag) !== 0) throw new ConnectError('the server sent a compressed message', Code.Internal);
        if ((flags & endStreamFlag) === 0) {
          yield parse(data);
          continue;
        }
        exchange.end();
        const end = endStreamFromJson(data);
        if (end.error !== undefined) {
          header.forEach((value, key) => end.error?.metadata.append(key, value));
          throw end.error;
        }
        end.metadata.forEach((value, key) => trailer.set(key, value));
        return;
      }
    } finally {
      exchange.fail(new ConnectError('the responses are read no further', Code.Canceled));
    }
  }

  return {
    async unary<I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>, signal: AbortSignal | undefined, timeoutMs: number | undefined, header: HeadersInit | undefined,
      input: MessageInitShape<I>, contextValues?: ContextValues): Promise<UnaryResponse<I, O>> {
      const { serialize, parse } = createClientMethodSerializers(method, useBinaryFormat, options.jsonOptions, options.binaryOptions);
      const timeout = timeoutOf(timeoutMs);
      return await runUnaryCall<I, O>({
        interceptors: options.interceptors,
        signal,
        timeoutMs: timeout,
        req: {
          stream: false,
          service: method.parent,
          method,
          requestMethod: 'POST',
          url: createMethodUrl(options.baseUrl, method),
          header: headerOf(header, timeout),
          contextValues: contextValues ?? createContextValues(),
          message: input,
        },
        next: async (request: UnaryRequest<I, O>): Promise<UnaryResponse<I, O>> => {
          const exchange = await open(request.url, request.header, request.signal);
          async function* one(): AsyncGenerator<MessageShape<I>> {
            yield request.message;
          }
          void pump(exchange, one(), serialize);
          const responseHeader = await readHeader(exchange);
          const trailer = new Headers();
          const messages: MessageShape<O>[] = [];
          for await (const message of responses(exchange, parse, responseHeader, trailer)) messages.push(message);
          if (messages.length !== 1) {
            throw new ConnectError(`the server answered with ${messages.length} messages; a unary call has one`, Code.Unimplemented);
          }
          return { stream: false, service: method.parent, method, header: responseHeader, trailer, message: messages[0] };
        },
      });
    },

    async stream<I extends DescMessage, O extends DescMessage>(
      method: DescMethodStreaming<I, O>, signal: AbortSignal | undefined, timeoutMs: number | undefined, header: HeadersInit | undefined,
      input: AsyncIterable<MessageInitShape<I>>, contextValues?: ContextValues): Promise<StreamResponse<I, O>> {
      const { serialize, parse } = createClientMethodSerializers(method, useBinaryFormat, options.jsonOptions, options.binaryOptions);
      const timeout = timeoutOf(timeoutMs);
      return await runStreamingCall<I, O>({
        interceptors: options.interceptors,
        signal,
        timeoutMs: timeout,
        req: {
          stream: true,
          service: method.parent,
          method,
          requestMethod: 'POST',
          url: createMethodUrl(options.baseUrl, method),
          header: headerOf(header, timeout),
          contextValues: contextValues ?? createContextValues(),
          message: input,
        },
        next: async (request: StreamRequest<I, O>): Promise<StreamResponse<I, O>> => {
          const exchange = await open(request.url, request.header, request.signal);
          void pump(exchange, request.message, serialize);
          const responseHeader = await readHeader(exchange);
          const trailer = new Headers();
          const message = responses(exchange, parse, responseHeader, trailer);
          return { stream: true, service: method.parent, method, header: responseHeader, trailer, message };
        },
      });
    },
  };
}
