// A server of test.Traced by @grpc/grpc-js, traced by OpenTelemetry's instrumentation of it. Prints its port, then each span that ends as a line of
// JSON, and serves until its standard input ends.
//
// usage: node traced_server.mjs MODULES      (a node_modules folder that has what package.json names)
import { createRequire } from 'node:module';

const require = createRequire(process.argv[2] + '/');
const { propagation, SpanKind, trace } = require('@opentelemetry/api');
const { NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { GrpcInstrumentation } = require('@opentelemetry/instrumentation-grpc');

const print = (line) => process.stdout.write(line + '\n');

function asLine(span) {
  const { traceId, spanId, traceState } = span.spanContext();
  return JSON.stringify({
    trace: traceId,
    id: spanId,
    parent: span.parentSpanId,
    state: traceState?.serialize(),
    tenant: span.attributes.tenant,
    kind: SpanKind[span.kind],
    name: span.name,
  });
}

const exporter = {
  export(spans, done) {
    for (const span of spans) print(asLine(span));
    done({ code: 0 });
  },
  shutdown: async () => {},
};

new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
new GrpcInstrumentation();
// After the instrumentation, which changes what this returns.
const grpc = require('@grpc/grpc-js');

const bytes = (value) => value;
const service = {
  Echo: {
    path: '/test.Traced/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
};

const server = new grpc.Server();
server.addService(service, {
  Echo(call, done) {
    const tenant = propagation.getActiveBaggage()?.getEntry('tenant')?.value;
    if (tenant !== undefined) trace.getActiveSpan().setAttribute('tenant', tenant);
    done(null, call.request);
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  print(String(port));
});
process.stdin.on('end', () => server.forceShutdown()).resume();
