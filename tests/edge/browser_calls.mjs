// The code of a page that calls a Greeter with the clients of browsers, and posts what they were told to its own server. Bundled by
// browser_test.py.
//
// The page's query: "server", the Greeter's URL.
import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import { GrpcWebClientBase, MethodDescriptor, MethodType } from 'grpc-web';
import { MessageType, ScalarType } from '@protobuf-ts/runtime';
import { ServiceType, UnaryCall } from '@protobuf-ts/runtime-rpc';
import { GrpcWebFetchTransport } from '@protobuf-ts/grpcweb-transport';
import { createWebSocketTransport } from '../../web/websocket-transport.ts';

const server = new URL(location.href).searchParams.get('server');
const bytes = Uint8Array.from(atob(document.getElementById('descriptors').textContent), (c) => c.charCodeAt(0));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
const service = registry.getService('hello.Greeter');
const type = (name) => registry.getMessage('hello.' + name);

/** What `make` gives, or the error that it throws. */
const told = async (make) => {
  try {
    return await make();
  } catch (error) {
    return error instanceof Error ? error.constructor.name + ': ' + error.message : JSON.stringify(error);
  }
};

/** "INVALID name is required, for example you" */
const connectError = async (call) => {
  try {
    await call();
    return 'no error';
  } catch (error) {
    const cause = ConnectError.from(error);
    const hints = cause.findDetails(type('HelloRequest'));
    return [Code[cause.code], cause.rawMessage, ...hints.map((hint) => 'for example ' + hint.name)].join(', ');
  }
};

const connectCalls = (transport) => {
  const greeter = createClient(service, transport);
  return {
    hello: () =>
      told(async () => {
        let seen = '';
        const options = { onHeader: (head) => (seen += ' ' + head.get('x-user')), onTrailer: (tail) => (seen += ' ' + tail.get('x-served')) };
        const reply = await greeter.sayHello({ name: 'Zoë' }, options);
        return reply.message + seen;
      }),
    error: () => connectError(() => greeter.sayHello({})),
    deadline: () => connectError(() => greeter.sayHello({ name: 'slow' }, { timeoutMs: 100 })),
    abort: () => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error('left')), 100);
      return connectError(() => greeter.sayHello({ name: 'slow' }, { signal: abort.signal }));
    },
    stream: () =>
      told(async () => {
        const values = [];
        for await (const number of greeter.count({ to: 3 })) values.push(number.value);
        return values.join(' ');
      }),
    streamError: async () => {
      let count = 0;
      const error = await connectError(async () => {
        for await (const number of greeter.count({ to: 200 })) count = number.value;
      });
      return count + ' ' + error;
    },
    empty: () => told(async () => (await Array.fromAsync(greeter.count({ to: 0 }))).length + ' messages'),
  };
};

/** What only a WebSocket can do in a browser, and all that the others can. */
const webSocketCalls = (useBinaryFormat) => {
  const transport = createWebSocketTransport({ baseUrl: server, useBinaryFormat });
  const greeter = createClient(service, transport);
  return {
    ...connectCalls(transport),
    sum: () =>
      told(async () => {
        async function* numbers() {
          for (let value = 1; value <= 1000; ++value) yield { value };
        }
        return String((await greeter.sum(numbers())).value);
      }),
    // Each request is made of the answer to the one before.
    chat: () =>
      told(async () => {
        let answered;
        async function* numbers() {
          for (let value = 1; value < 100; ) {
            const answer = new Promise((resolve) => (answered = resolve));
            yield { value };
            value = await answer;
          }
        }
        const values = [];
        for await (const number of greeter.double(numbers())) {
          values.push(number.value);
          answered(number.value);
        }
        return values.join(' ');
      }),
    // The handler refuses the second message while there are endless ones, and their source is told.
    endlessRequests: async () => {
      let told = 'not told';
      const error = await connectError(async () => {
        async function* numbers() {
          try {
            for (;;) yield { value: 1 };
          } finally {
            told = 'told';
          }
        }
        for await (const number of greeter.double(numbers(), { headers: { 'connect-content-encoding': 'none' } })) void number;
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      return error.split(',')[0] + ' ' + told;
    },
    failingRequests: () =>
      connectError(async () => {
        async function* numbers() {
          yield { value: 1 };
          throw new Error('no more');
        }
        await greeter.sum(numbers());
      }),
    leaves: () =>
      told(async () => {
        for await (const number of greeter.count({ to: 90 })) {
          if (number.value === 2) break;
        }
        return 'left';
      }),
  };
};

const grpcWebCalls = (format) => {
  const client = new GrpcWebClientBase({ format });
  const method = (name, kind, request, reply) =>
    new MethodDescriptor('/hello.Greeter/' + name, kind, Object, Object, (message) => toBinary(type(request), message), (data) =>
      fromBinary(type(reply), data),
    );
  const sayHello = method('SayHello', MethodType.UNARY, 'HelloRequest', 'HelloReply');
  const count = method('Count', MethodType.SERVER_STREAMING, 'CountRequest', 'Number');
  const hello = (name, metadata = {}) =>
    new Promise((done) => {
      let head = {};
      let tail = {};
      const call = client.rpcCall(server + sayHello.getName(), create(type('HelloRequest'), { name }), metadata, sayHello, (error, reply) => {
        if (error) done(error.code + ' ' + error.message);
        // The trailers come as a status behind the message.
        else setTimeout(() => done([reply.message, head['x-user'], tail['x-served']].join(' ')), 50);
      });
      call.on('metadata', (metadata) => (head = metadata));
      call.on('status', (status) => (tail = status.metadata ?? {}));
    });
  const numbers = (to) =>
    new Promise((done) => {
      const values = [];
      const stream = client.serverStreaming(server + count.getName(), create(type('CountRequest'), { to }), {}, count);
      stream.on('data', (number) => values.push(number.value));
      stream.on('error', (error) => done(values.length + ' ' + error.code + ' ' + error.message));
      stream.on('end', () => done(values.join(' ')));
    });
  return {
    hello: () => hello('Zoë'),
    error: () => hello(''),
    deadline: () => hello('slow', { deadline: String(Date.now() + 100) }),
    stream: () => numbers(3),
    streamError: () => numbers(200),
  };
};

const protobufTsCalls = (format) => {
  const message = (name, field, T) => new MessageType('hello.' + name, [{ no: 1, name: field, kind: 'scalar', T }]);
  const greeter = new ServiceType('hello.Greeter', [
    { name: 'SayHello', options: {}, I: message('HelloRequest', 'name', ScalarType.STRING), O: message('HelloReply', 'message', ScalarType.STRING) },
    { name: 'Count', serverStreaming: true, options: {}, I: message('CountRequest', 'to', ScalarType.INT32), O: message('Number', 'value', ScalarType.INT32) },
  ]);
  const transport = new GrpcWebFetchTransport({ baseUrl: server, format });
  const [sayHello, count] = greeter.methods;
  const failed = async (make) => {
    try {
      return await make();
    } catch (error) {
      return error.code + ' ' + decodeURIComponent(error.message);
    }
  };
  const hello = (name, options = {}) =>
    failed(async () => {
      const call = transport.unary(sayHello, { name }, transport.mergeOptions(options));
      const [reply, head, tail] = [await call.response, await call.headers, await call.trailers];
      return [reply.message, head['x-user'], tail['x-served']].join(' ');
    });
  const numbers = async (to) => {
    const values = [];
    const end = await failed(async () => {
      for await (const number of transport.serverStreaming(count, { to }, transport.mergeOptions({})).responses) values.push(number.value);
      return '';
    });
    return end === '' ? values.join(' ') : values.length + ' ' + end;
  };
  return {
    hello: () => hello('Zoë'),
    error: () => hello(''),
    deadline: () => hello('slow', { timeout: 100 }),
    stream: () => numbers(3),
    streamError: () => numbers(200),
  };
};

const clients = {
  'connect json': connectCalls(createConnectTransport({ baseUrl: server })),
  'connect binary': connectCalls(createConnectTransport({ baseUrl: server, useBinaryFormat: true })),
  'connect get': connectCalls(createConnectTransport({ baseUrl: server, useHttpGet: true })),
  'connect-web grpc-web': connectCalls(createGrpcWebTransport({ baseUrl: server })),
  'websocket json': webSocketCalls(false),
  'websocket binary': webSocketCalls(true),
  'grpc-web text': grpcWebCalls('text'),
  'grpc-web binary': grpcWebCalls('binary'),
  'protobuf-ts text': protobufTsCalls('text'),
  'protobuf-ts binary': protobufTsCalls('binary'),
};

const answers = {};
for (const [client, calls] of Object.entries(clients)) {
  answers[client] = {};
  for (const [name, call] of Object.entries(calls)) answers[client][name] = await told(call);
}
await fetch('/told', { method: 'POST', body: JSON.stringify(answers) });
