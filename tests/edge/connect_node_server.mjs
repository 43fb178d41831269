// A Greeter by connect-node over HTTP/1.1: Connect, gRPC-Web. Prints its port, and serves until its standard input ends.
//
// usage: node connect_node_server.mjs DESCRIPTORS MODULES      (a FileDescriptorSet, a node_modules folder)
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.argv[3] + '/');
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { create, createFileRegistry, fromBinary } = await load('@bufbuild/protobuf');
const { FileDescriptorSetSchema } = await load('@bufbuild/protobuf/wkt');
const { Code, ConnectError } = await load('@connectrpc/connect');
const { connectNodeAdapter, compressionGzip } = await load('@connectrpc/connect-node');

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(process.argv[2])));
const service = registry.getService('hello.Greeter');
const type = (name) => registry.getMessage('hello.' + name);

const routes = (router) =>
  router.service(service, {
    sayHello: async (request, context) => {
      if (request.name === '') {
        const hint = create(type('HelloRequest'), { name: 'you' });
        throw new ConnectError('name is required', Code.InvalidArgument, undefined, [{ desc: type('HelloRequest'), value: hint }]);
      }
      if (request.name === 'slow') await new Promise((done) => context.signal.addEventListener('abort', done));
      context.responseHeader.set('x-user', context.requestHeader.get('x-user') ?? 'nobody');
      context.responseTrailer.set('x-served', 'yes');
      return { message: 'Hello, ' + request.name };
    },
    async *count(request) {
      for (let i = 1; i <= request.to; ++i) {
        if (i > 100) throw new ConnectError('no more than 100', Code.OutOfRange);
        yield { value: i };
      }
    },
    sum: async (requests) => {
      let value = 0;
      for await (const number of requests) value += number.value;
      return { value };
    },
  });

const server = http.createServer(connectNodeAdapter({ routes, acceptCompression: [compressionGzip] }));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
